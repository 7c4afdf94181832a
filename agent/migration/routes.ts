import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import { idSchema, requestIdSchema } from '../../broker/contract/ids.ts';
import { type Route, thisNode } from '../channel/server.ts';
import type { Containers } from '../containers/containers.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import { containerSpecSchema } from '../containers/record.ts';
import { type Bases, baseIdentitySchema } from '../memory/bases.ts';
import { type NodeFacts, offerAnswerSchema } from './facts.ts';
import type { Incoming } from './incoming.ts';
import { outcomeSchema } from './outcomes.ts';
import type { PageSupply } from './pageSupply.ts';
import { readyNoteSchema } from './readyNote.ts';
import { takeRound } from './takeRound.ts';

export const offerSchema = z.object({ spec: containerSpecSchema });

export const openSchema = z.object({
  spec: containerSpecSchema,
  generation: z.int().positive(),
  from: idSchema,
  /** By which migration the container came to where it is now. */
  cameBy: requestIdSchema.optional(),
});

export const removalsSchema = z.object({ paths: z.array(z.string()) });

export const doneSchema = z.object({ done: z.literal(true) });
/**
 * What the destination has of the container's memory, now that no earlier round can come in any more, and whether it has its
 * files as they were when it left there by that migration.
 */
export const openedSchema = doneSchema.extend({ base: baseIdentitySchema.optional(), hasFiles: z.boolean() });
/** How long each part at the destination took. */
export const switchedSchema = z.object({ parts: z.record(z.string(), z.number()) });
export const committedSchema = z.object({ resumedAfterMs: z.number() });
/** Whether the source has such a move. */
export const knownSchema = z.object({ isKnown: z.boolean() });
export const abortedSchema = outcomeSchema.pick({ outcome: true });

const migrationOf = (parameters: Record<string, string>) => requestIdSchema.parse(parameters['id']);

/** What the data plane of this node answers to the sources of migrations. */
export function migrationRoutes(options: {
  incoming: Incoming;
  containers: Containers;
  images: ImageStore;
  bases: Bases;
  /** What this node, as a source, still owes to destinations. */
  supplies: ReadonlyMap<string, PageSupply>;
  facts: () => Promise<NodeFacts>;
  /** Whether this node, as a source, has such a move under way. */
  isActive: (migration: string) => boolean;
  /** How fast a peer was seen to send. */
  onRate: (peer: string, bytesPerSecond: number) => void;
}): Route[] {
  const { incoming, containers, images, bases, supplies } = options;
  /** The container of a move that an earlier run of this agent left, and of which it has to ask how it ended. */
  const leftBy = (migration: string) => containers.list().find(({ handOver }) => handOver?.migration === migration);
  const supplyOf = (parameters: Record<string, string>) => {
    const migration = migrationOf(parameters);
    const supply = supplies.get(migration);
    if (supply !== undefined) return supply;
    // an agent that has just restarted has yet to find it: who asks comes again
    const left = leftBy(migration);
    if (left !== undefined) throw new TagalongError('container-busy', { container: left.spec.name, migration });
    throw new TagalongError('unknown-migration', { migration });
  };
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
          base: bases.identityOf(spec.name),
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
      method: 'PUT',
      pattern: '/v1/bases/:container',
      handle({ parameters, body }) {
        const container = idSchema.parse(parameters['container']);
        if (containers.get(container) !== undefined)
          throw new TagalongError('container-exists', { container, node: thisNode });
        return takeRound(container, body, bases, options.onRate);
      },
    },
    {
      method: 'POST',
      pattern: '/v1/bases/:container/drop',
      async handle({ parameters }) {
        const container = idSchema.parse(parameters['container']);
        if (containers.get(container) === undefined) bases.drop(container);
        return { done: true };
      },
    },
    {
      method: 'POST',
      pattern: '/v1/migrations/:id/pages',
      converse: ({ parameters, body }, output) => supplyOf(parameters).serve(body, output),
    },
    {
      method: 'POST',
      pattern: '/v1/migrations/:id/release',
      async handle({ parameters }) {
        supplyOf(parameters).release();
        return { done: true };
      },
    },
    {
      method: 'GET',
      pattern: '/v1/migrations/:id',
      async handle({ parameters }) {
        const migration = migrationOf(parameters);
        return { isKnown: options.isActive(migration) || leftBy(migration) !== undefined };
      },
    },
    {
      method: 'POST',
      pattern: '/v1/migrations/:id',
      async handle(request) {
        const body = await request.read(openSchema);
        const opened = await incoming.open({ ...body, migration: migrationOf(request.parameters) });
        return openedSchema.parse({ done: true, ...opened });
      },
    },
    {
      method: 'POST',
      pattern: '/v1/migrations/:id/removals',
      async handle(request) {
        const { paths } = await request.read(removalsSchema);
        return done(incoming.removeFiles(migrationOf(request.parameters), paths));
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
      async handle(request) {
        const body = await request.read(readyNoteSchema);
        return done(incoming.makeReady(migrationOf(request.parameters), body));
      },
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
      pattern: '/v1/migrations/:id/adopted',
      handle: ({ parameters }) => done(incoming.adopted(migrationOf(parameters))),
    },
    {
      method: 'POST',
      pattern: '/v1/migrations/:id/abort',
      handle: async ({ parameters }) => ({ outcome: await incoming.abort(migrationOf(parameters)) }),
    },
  ];
}
