import { z } from 'zod';

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
});
export type ReadyNote = z.output<typeof readyNoteSchema>;
