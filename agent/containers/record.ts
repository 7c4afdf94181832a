import { z } from 'zod';
import { containerStatusSchema, imageReferenceSchema, volumeSchema } from '../../broker/contract/documents.ts';
import { addressSchema, idSchema, instantSchema, macSchema, requestIdSchema } from '../../broker/contract/ids.ts';

/** What a container is, apart from where it runs: this travels with it. */
export const containerSpecSchema = z.object({
  name: idSchema,
  /** Digest of the root file system in the image store. */
  imageDigest: z.string().regex(/^sha256-[0-9a-f]{64}$/),
  image: imageReferenceSchema,
  command: z.array(z.string()).min(1),
  environment: z.record(z.string(), z.string()),
  workingDirectory: z.string().startsWith('/'),
  user: z.object({
    uid: z.int().nonnegative(),
    gid: z.int().nonnegative(),
    additionalGids: z.array(z.int()).optional(),
  }),
  hostName: idSchema,
  memoryLimitBytes: z.int().positive().optional(),
  volumes: z.array(volumeSchema),
  address: addressSchema,
  prefixLength: z.int().min(1).max(32),
  gateway: addressSchema.optional(),
  mac: macSchema,
  follows: macSchema.optional(),
  pinned: z.boolean(),
});
export type ContainerSpec = z.output<typeof containerSpecSchema>;

/**
 * A hand-over that may come about: written and synced before the freeze, removed when it is known how it ended. An agent
 * that starts and finds it beside a container that does not run asks the destination before it does anything.
 */
export const handOverSchema = z.object({
  migration: requestIdSchema,
  to: idSchema,
  generation: z.int().positive(),
  lazy: z.boolean().optional(),
});

/** What this node knows of one of its containers: a file in its directory, written before what it says is done. */
export const containerRecordSchema = z.object({
  spec: containerSpecSchema,
  generation: z.int().nonnegative(),
  status: containerStatusSchema,
  since: instantSchema,
  pid: z.int().positive().optional(),
  handOver: handOverSchema.optional(),
  /** It is on its way here by this migration, which may not be committed. */
  arrival: requestIdSchema.optional(),
  /** Where it is on its way from. */
  arrivalFrom: idSchema.optional(),
  /** Its memory is still being brought in by the pager of this migration. */
  lazy: z.object({ migration: requestIdSchema, from: idSchema }).optional(),
  /**
   * A checkpoint of it is being written to this draft. `endsAt` is there once it is whole: when it has this name, the
   * container has ended.
   */
  checkpoint: z.object({ draft: z.string(), endsAt: z.string().optional() }).optional(),
  /** Another node has it with a higher generation: it must not run here. */
  overtaken: z.boolean().optional(),
  error: z.string().optional(),
});
export type ContainerRecord = z.output<typeof containerRecordSchema>;

/** Where the parts of a container lie on this node. */
export interface ContainerPlace {
  directory: string;
  recordFile: string;
  bundle: string;
  rootFileSystem: string;
  /** What travels: changed files, managed volumes, log. */
  state: string;
  upper: string;
  work: string;
  volumes: string;
  logFile: string;
  /** Which process appends to it. */
  logWriterFile: string;
  /** How its files were when it began to run here. */
  manifestFile: string;
  criuConfiguration: string;
  runcLog: string;
  networkNamespace: string;
  /** The end of the container's link that hangs on the node's bridge. */
  port: string;
}
