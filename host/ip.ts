import { type LongRunning, run, start } from './command.ts';

/**
 * Runs several `ip` commands in one process, in order, stopping at the first that fails.
 *
 * @param commands - as on ip's command line, without the word `ip`
 * @param namespace - name of a network namespace to work in
 * @throws TagalongError `command-failed`
 */
export async function ip(commands: readonly string[], namespace?: string): Promise<void> {
  const inside = namespace === undefined ? [] : ['-n', namespace];
  await run('ip', [...inside, '-batch', '-'], { input: `${commands.join('\n')}\n`, timeoutMs: 10_000 });
}

/** An `ip` that waits for commands, so that none has to be started while a container is frozen. */
export interface WaitingIp {
  /** Hands over commands; they are carried out at once, in order. */
  tell(commands: readonly string[]): void;
  /** Ends it when its commands are done. */
  end(): Promise<void>;
}

/** Starts an `ip` that waits for commands, in a named network namespace or this one. */
export function waitingIp(namespace?: string): WaitingIp {
  const inside = namespace === undefined ? [] : ['-n', namespace];
  const child: LongRunning = start('ip', [...inside, '-force', '-batch', '-']);
  return {
    tell: (commands) => child.write(`${commands.join('\n')}\n`),
    async end() {
      child.endInput();
      await child.ended;
    },
  };
}
