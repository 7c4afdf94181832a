import { TagalongError } from '../broker/contract/errors.ts';
import { type LongRunning, start } from './command.ts';

/** A program of iproute2 that waits for commands, so that none has to be started while a container is frozen. */
export interface WaitingBatch {
  /** Hands over commands; they are carried out at once, in order. Those after one that fails are carried out too. */
  tell(commands: readonly string[]): void;
  /**
   * As `tell`, and resolves when they have been carried out, well or not.
   * @throws TagalongError `command-failed` where the program is gone
   */
  carryOut(commands: readonly string[]): Promise<void>;
  /** Ends it when its commands are done. */
  end(): Promise<void>;
}

/**
 * Starts `ip` or `tc` so that it reads commands from a pipe (ip(8), tc(8): `-batch`, `-force`).
 *
 * @param file - `ip` or `tc`
 * @param options - before the commands
 * @param question - a command that prints exactly one line: its line tells that all before it is done
 */
export function waitingBatch(file: 'ip' | 'tc', options: readonly string[], question: string): WaitingBatch {
  // newer ones keep what they print to a pipe until they end
  const child: LongRunning = start('stdbuf', ['--output=L', file, ...options, '-force', '-batch', '-']);
  const waiting: PromiseWithResolvers<void>[] = [];
  let gone: TagalongError | undefined;
  void (async () => {
    for await (const _line of child.lines()) waiting.shift()?.resolve();
    const { exitCode, stderr } = await child.ended;
    const problem = stderr.trim().split('\n').slice(-3).join(' / ') || 'it ended early';
    gone = new TagalongError('command-failed', { command: `${file} -batch -`, problem, exitCode });
    for (const one of waiting.splice(0)) one.reject(gone);
  })();
  return {
    tell: (commands) => child.write(`${commands.join('\n')}\n`),
    async carryOut(commands) {
      if (gone !== undefined) throw gone;
      const answer = Promise.withResolvers<void>();
      waiting.push(answer);
      child.write(`${[...commands, question].join('\n')}\n`);
      await answer.promise;
    },
    async end() {
      child.endInput();
      await child.ended;
    },
  };
}
