import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/**
 * The logger of one process: structured lines on standard error, quiet by default.
 *
 * @param name - the role of the process, e.g. `agent`
 * @param level - pino's level; the environment variable TAGALONG_LOG wins
 */
export function makeLog(name: string, level = 'warn'): Logger {
  return pino(
    { name, level: process.env['TAGALONG_LOG'] ?? level, base: { name } },
    pino.destination({ dest: 2, sync: true }),
  );
}
