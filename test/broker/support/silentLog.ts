import type { Log } from '../../../broker/connection.ts';

/** One line that was logged. */
export interface Logged {
  level: keyof Log;
  message: string;
  details: object;
}

/** A log that keeps its lines for the test to look at, and prints nothing. */
export function makeSilentLog(): Log & { lines: Logged[] } {
  const lines: Logged[] = [];
  const at = (level: keyof Log) => (details: object, message: string) => {
    lines.push({ level, message, details });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
