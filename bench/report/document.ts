import type { Claim } from './claims.ts';
import type { LostCell } from './lost.ts';
import type { Machine } from './machine.ts';
import type { Cell } from './runs.ts';

/** The last line of standard output with `--json`. */
export interface BenchmarkDocument {
  cells: Cell[];
  claims: Claim[];
  /** Cells in which `tagalong-auto` is not the best contestant. */
  lostCells: LostCell[];
  /** What could not be done as planned. */
  notes: string[];
  machine: Machine;
  /** Versions of the programs that took part, by name. */
  versions: Record<string, string>;
  /** The command that gives it again. */
  command: string;
  startedAt: string;
  durationMs: number;
}
