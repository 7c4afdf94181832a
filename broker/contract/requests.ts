import { z } from 'zod';
import { errorReportSchema, techniqueSchema, triggerSchema, volumeSchema } from './documents.ts';
import { addressSchema, idSchema, instantSchema, macSchema, requestIdSchema } from './ids.ts';

const common = {
  /** Chosen by the caller, so that it can wait for its own answer; repeated to repeat the same request. */
  id: requestIdSchema.optional(),
  /** Not obeyed after this moment. */
  expiresAt: instantSchema.optional(),
  /** Only say what would happen. */
  dryRun: z.boolean().optional(),
};

/** The body of each request, by verb: the one list of verbs. */
export const requestSchemas = {
  run: z.object({
    ...common,
    name: idSchema,
    node: idSchema,
    /** Path on that node: an OCI bundle, `layout:tag` of an OCI image layout, or a root file system. Recognised by its content. */
    image: z.string().min(1),
    command: z.array(z.string()).min(1).optional(),
    environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).optional(),
    workingDirectory: z.string().startsWith('/').optional(),
    memoryLimitBytes: z.int().positive().optional(),
    volumes: z.array(volumeSchema).optional(),
    address: addressSchema.optional(),
    mac: macSchema.optional(),
    follows: macSchema.optional(),
    hostName: idSchema.optional(),
  }),
  stop: z.object({ ...common, container: idSchema, timeoutMs: z.int().nonnegative().optional() }),
  migrate: z.object({
    ...common,
    container: idSchema,
    to: idSchema,
    /** How memory moves; `auto`, which stands for a request without one, chooses by what was measured and says why. */
    technique: z.enum(['auto', ...techniqueSchema.options]).optional(),
    /** The pause that `auto` and the rounds of pre-copy aim at. */
    downtimeMs: z.int().positive().max(600_000).optional(),
    /** Also when pinned. */
    force: z.boolean().optional(),
    /** Only if the container is still at this generation. */
    ifGeneration: z.int().nonnegative().optional(),
    trigger: triggerSchema.optional(),
    reasons: z.array(z.string()).optional(),
    client: macSchema.optional(),
    associatedAt: instantSchema.optional(),
  }),
  cancel: z
    .object({ ...common, migration: requestIdSchema.optional(), container: idSchema.optional() })
    .refine((request) => request.migration !== undefined || request.container !== undefined, {
      path: ['migration'],
      message: 'name a migration or a container',
    }),
  /** Decides for a node where a container stands still because its destination does not say whether it has it. */
  resolve: z.object({
    ...common,
    container: idSchema,
    /** Where it stands still. */
    node: idSchema,
    /** `here`: it goes on at that node, `there`: that node gives it up. */
    keep: z.enum(['here', 'there']),
  }),
  /** Keeps a node that the container is expected to go to warm: image, files and memory, at a bounded rate. */
  prepare: z.object({
    ...common,
    container: idSchema,
    to: idSchema,
    /** At most so much is sent, in bytes a second; without it, a quarter of what the link was measured to carry. */
    rateBytesPerSecond: z.int().positive().optional(),
  }),
  /** Drops what `prepare` keeps at a node, or at all of them. */
  unprepare: z.object({ ...common, container: idSchema, to: idSchema.optional() }),
  /** Writes a standing checkpoint of a container to a file of its node. */
  checkpoint: z.object({
    ...common,
    container: idSchema,
    /** Else it is stopped and removed once the archive is whole. */
    leaveRunning: z.boolean().optional(),
    /** The image goes into the archive too, so that a node without it can restore; else it is named by its digest alone. */
    withImage: z.boolean().optional(),
    /** Where to write it; without it, below the node's data directory. */
    file: z.string().startsWith('/').optional(),
  }),
  /** Starts a container from a standing checkpoint. */
  restore: z.object({
    ...common,
    node: idSchema,
    /** The archive, on that node. */
    file: z.string().startsWith('/'),
    /** Another name than the one it had; its link address is then another one too. */
    name: idSchema.optional(),
    /** Another address than the one it had. */
    address: addressSchema.optional(),
  }),
  pin: z.object({ ...common, container: idSchema }),
  unpin: z.object({ ...common, container: idSchema }),
  drain: z.object({ ...common, node: idSchema }),
  undrain: z.object({ ...common, node: idSchema }),
  describe: z
    .object({
      ...common,
      container: idSchema.optional(),
      node: idSchema.optional(),
      logLines: z.int().nonnegative().max(10_000).optional(),
      /** Also what a move of the container to each other node would cost. */
      moves: z.boolean().optional(),
    })
    .refine((request) => (request.container === undefined) !== (request.node === undefined), {
      path: ['container'],
      message: 'name a container or a node, not both',
    }),
} as const;

export type Verb = keyof typeof requestSchemas;
export type RequestOf<V extends Verb> = z.output<(typeof requestSchemas)[V]>;
export const verbs = Object.keys(requestSchemas) as Verb[];

/** `response/{verb}/{id}`: `accepted` or `rejected` at once, `done` or `failed` later. A `dryRun` is `done` at once. */
export const responseSchema = z.object({
  id: requestIdSchema,
  verb: z.enum(verbs as [Verb, ...Verb[]]),
  status: z.enum(['accepted', 'rejected', 'done', 'failed']),
  /** Who answers. */
  node: z.string(),
  at: instantSchema,
  migration: requestIdSchema.optional(),
  /** Every reason found, the first also as `error`. */
  blockedReasons: z.array(errorReportSchema).optional(),
  error: errorReportSchema.optional(),
  result: z.record(z.string(), z.unknown()).optional(),
});
export type Response = z.output<typeof responseSchema>;
