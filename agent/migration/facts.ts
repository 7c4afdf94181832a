import { z } from 'zod';
import { baseIdentitySchema } from '../memory/bases.ts';

/** What decides whether a container can move between two nodes. */
export const nodeFactsSchema = z.object({
  node: z.string(),
  architecture: z.string(),
  pageSizeBytes: z.int(),
  cpuFeatures: z.array(z.string()),
  cgroup: z.string(),
  criuVersion: z.string().optional(),
  criuProblem: z.string().optional(),
  runcProblem: z.string().optional(),
  /** Why memory cannot be brought in while a container runs. */
  lazyProblem: z.string().optional(),
  memoryAvailableBytes: z.number(),
  diskAvailableBytes: z.number(),
  draining: z.boolean(),
  containers: z.int(),
  maxContainers: z.int(),
});
export type NodeFacts = z.output<typeof nodeFactsSchema>;

/** What a destination says to an offer. Nothing has been changed by it. */
export const offerAnswerSchema = z.object({
  facts: nodeFactsSchema,
  lacksImage: z.boolean(),
  hasContainer: z.boolean(),
  missingBinds: z.array(z.string()),
  /** What it keeps of the container's memory. */
  base: baseIdentitySchema.optional(),
});
export type OfferAnswer = z.output<typeof offerAnswerSchema>;
