import { z } from 'zod';

/** The node that has what is missing, and where its data plane listens. */
const sourceSchema = z.object({ node: z.string(), host: z.string(), port: z.int() });

/** What a pager is told first: a line of JSON on its standard input. CRIU's daemon starts, which needs little. */
export const pagerPreparationSchema = z.object({
  imageDirectory: z.string(),
  /** Where CRIU's restore looks for the daemon's socket. */
  workDirectory: z.string(),
  pageBytes: z.int().positive(),
  /** The page store, where this node has some of the container's memory: to be read beforehand. */
  storeDirectory: z.exactOptional(z.string()),
  /** To be connected to beforehand. */
  source: z.exactOptional(sourceSchema),
});
export type PagerPreparation = z.output<typeof pagerPreparationSchema>;

const runsSchema = z.array(z.tuple([z.int().positive(), z.int().nonnegative(), z.int().positive()]));

/** What it is told when the images of its container are there: a second line. */
export const pagerOrderSchema = z.object({
  migration: z.string(),
  container: z.string(),
  /** The page store: what this node has of the container's memory. */
  storeDirectory: z.string(),
  /** The processes are others than the daemon was told: it has to start anew. */
  startOver: z.boolean(),
  /** Which of them are already as they were when the processes were frozen; all, where there is no source to ask. */
  verified: runsSchema,
  source: sourceSchema.optional(),
  /** Whether the agent takes in the rest itself, and says so in a third line. */
  restFollows: z.boolean(),
});
export type PagerOrder = z.output<typeof pagerOrderSchema>;

/** What it is told when the rest has come: a third line. */
export const pagerRestSchema = z.object({ verified: runsSchema });
export type PagerRest = z.output<typeof pagerRestSchema>;

/** What a pager says: lines of JSON on its standard output while somebody listens, the last one also in its file `end`. */
export const pagerWordSchema = z.discriminatedUnion('said', [
  /** It takes in what it is told. */
  z.object({ said: z.literal('ready') }),
  /** It has taken in its order. */
  z.object({ said: z.literal('ordered') }),
  /** It has taken in what the agent said of the rest. */
  z.object({ said: z.literal('rest taken') }),
  /** CRIU's daemon takes connections. */
  z.object({ said: z.literal('listening') }),
  /** The source does not answer: processes that touch missing pages stand still. */
  z.object({ said: z.literal('waiting'), problem: z.string() }),
  z.object({ said: z.literal('connected') }),
  /** All memory is here and in the processes. */
  z.object({ said: z.literal('complete'), receivedPages: z.int() }),
  z.object({ said: z.literal('failed'), problem: z.string() }),
]);
export type PagerWord = z.output<typeof pagerWordSchema>;
