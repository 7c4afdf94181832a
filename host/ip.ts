import { type WaitingBatch, waitingBatch } from './batch.ts';
import { run } from './command.ts';

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

/** Starts an `ip` that waits for commands, in a named network namespace or this one. */
export function waitingIp(namespace?: string): WaitingBatch {
  const inside = namespace === undefined ? [] : ['-n', namespace];
  return waitingBatch('ip', [...inside, '-oneline'], 'link show dev lo');
}
