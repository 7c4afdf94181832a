import { z } from 'zod';
import { idSchema } from '../../broker/contract/ids.ts';
import { brokerConfigurationSchema } from '../../broker/embedded/configuration.ts';

const connectSchema = z.strictObject({
  url: z.string().min(1),
  username: z.string().optional(),
  password: z.string().optional(),
});

/** One site name for all: what stands above also holds for the broker. */
function withSite(content: unknown): unknown {
  if (typeof content !== 'object' || content === null) return content;
  const { site, broker } = content as { site?: unknown; broker?: unknown };
  if (site === undefined || typeof broker !== 'object' || broker === null) return content;
  return { ...content, broker: { site, ...broker } };
}

/**
 * The configuration of `tagalong controller`, a YAML file.
 *
 * With `broker` (the default) it runs the embedded broker; with `connect` the policies use another one. Either
 * part can be left out: `policies: {followUser: false}`, or `connect` for the broker.
 */
export const controllerConfigurationSchema = z.preprocess(
  withSite,
  z
    .strictObject({
      site: idSchema.default('default'),
      broker: brokerConfigurationSchema.optional(),
      connect: connectSchema.optional(),
      policies: z.strictObject({ followUser: z.boolean().default(true) }).default({ followUser: true }),
    })
    .refine((configuration) => configuration.broker === undefined || configuration.connect === undefined, {
      path: ['connect'],
      message: 'give either broker or connect',
    })
    .refine((configuration) => configuration.broker === undefined || configuration.broker.site === configuration.site, {
      path: ['broker', 'site'],
      message: 'must be the site above',
    }),
);

export type ControllerConfiguration = z.output<typeof controllerConfigurationSchema>;
