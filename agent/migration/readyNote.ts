import { z } from 'zod';
import { runsOfAtMost } from '../memory/pageRecords.ts';

/** More than are restored before the processes go on would be of no use. */
export const mostLikelyPages = 4096;

const number = z.int().nonnegative();

/** What the destination has to know to make all ready that the restore needs. */
export const readyNoteSchema = z.object({
  /** What runC noted of the container's standard streams. */
  descriptors: z.array(z.string()).max(16),
  /** Whether memory is brought in while the container runs. */
  lazy: z.boolean(),
  /** The processes as they are now; there may be others at the freeze. */
  processes: z
    .array(z.object({ pid: z.int().positive(), ppid: number, pgid: number, sid: number }))
    .min(1)
    .max(10_000),
  /** Pages that they will most likely need at once when they go on: process, first page, count. */
  likely: runsOfAtMost(mostLikelyPages),
});
export type ReadyNote = z.output<typeof readyNoteSchema>;
