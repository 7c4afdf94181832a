import type { Run } from '../report/runs.ts';

/** Who hears what happens, as it happens. */
export interface Listener {
  onProgress(message: string): void;
  onRun(run: Run): void;
  /** Once, before the first run: of the programs that take part, by name. */
  onVersions(versions: Record<string, string>): void;
  /** What could not be done as planned, for the report. */
  onNote(note: string): void;
}
