import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { idSchema, requestIdSchema } from '../../broker/contract/ids.ts';
import type { Route } from '../channel/server.ts';
import type { Containers } from '../containers/containers.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import { containerSpecSchema } from '../containers/record.ts';
import { type NodeFacts, offerAnswerSchema } from './facts.ts';
import type { Incoming } from './incoming.ts';

export const offerSchema = z.object({ spec: containerSpecSchema });

export const openSchema = z.object({
  spec: containerSpecSchema,
  generation: z.int().positive(),
  from: idSchema,
});

export const doneSchema = z.object({ done: z.literal(true) });
export const switchedSchema = z.object({ receiveMs: z.number(), restoreMs: z.number() });
export const committedSchema = z.object({ resumedAfterMs: z.number() });
export const abortedSchema = z.object({ outcome: z.enum(['committed', 'aborted']) });

const migrationOf = (parameters: Record<string, string>) => requestIdSchema.parse(parameters['id']);

/** What the data plane of this node answers to the sources of migrations. */
export function migrationRoutes(options: {
  incoming: Incoming;
  containers: Containers;
  images: ImageStore;
  facts: () => Promise<NodeFacts>;
}): Route[] {
  const { incoming, containers, images } = options;
  const done = async (work: Promise<void>) => {
    await work;
    return { done: true };
  };
  return [
    {
      method: 'POST',
      pattern: '/v1/offers',
      async handle(request) {
        const { spec } = await request.read(offerSchema);
        const binds = spec.volumes.flatMap((volume) => (volume.bind === undefined ? [] : [volume.bind]));
        const isThere = await Promise.all(
          binds.map((path) =>
            stat(path).then(
              () => true,
              () => false,
            ),
          ),
        );
        return offerAnswerSchema.parse({
          facts: await options.facts(),
          lacksImage: !(await images.has(spec.imageDigest)),
          hasContainer: containers.get(spec.name) !== undefined,
          missingBinds: binds.filter((_, index) => !isThere[index]),
        });
      },
    },
    {
      method: 'PUT',
      pattern: '/v1/images/:digest',
      handle: ({ parameters, body }) =>
        done(images.receive(containerSpecSchema.shape.imageDigest.parse(parameters['digest']), body)),
    },
    {
      method: 'POST',
      pattern: '/v1/migrations/:id',
      async handle(request) {
        const body = await request.read(openSchema);
        return done(incoming.open({ ...body, migration: migrationOf(request.parameters) }));
      },
    },
    {
      method: 'PUT',
      pattern: '/v1/migrations/:id/files',
      handle: ({ parameters, body }) => done(incoming.receiveFiles(migrationOf(parameters), body)),
    },
    {
      method: 'POST',
      pattern: '/v1/migrations/:id/ready',
      handle: ({ parameters }) => done(incoming.makeReady(migrationOf(parameters))),
    },
    {
      method: 'POST',
      pattern: '/v1/migrations/:id/hold',
      handle: ({ parameters }) => done(incoming.hold(migrationOf(parameters))),
    },
    {
      method: 'PUT',
      pattern: '/v1/migrations/:id/switch',
      handle: ({ parameters, body }) => incoming.switchOver(migrationOf(parameters), body),
    },
    {
      method: 'POST',
      pattern: '/v1/migrations/:id/commit',
      handle: ({ parameters }) => incoming.commit(migrationOf(parameters)),
    },
    {
      method: 'POST',
      pattern: '/v1/migrations/:id/abort',
      handle: async ({ parameters }) => ({ outcome: await incoming.abort(migrationOf(parameters)) }),
    },
  ];
}
