import type { Machine } from './machine.ts';
import type { Cell } from './runs.ts';

/** The last line of standard output with `--json`. */
export interface BenchmarkDocument {
  cells: Cell[];
  machine: Machine;
  /** Versions of the programs that took part, by name. */
  versions: Record<string, string>;
  /** The command that gives it again. */
  command: string;
  startedAt: string;
  durationMs: number;
}
