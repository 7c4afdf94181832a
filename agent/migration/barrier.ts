import { constants, openSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { run } from '../../host/command.ts';

/**
 * Where a restore waits for the word of the source.
 *
 * CRIU runs an action script at `post-restore`: every process is there, none has run an instruction yet, and a failing
 * script undoes the restore (criu(8), ACTION SCRIPTS). The script says that it is there and reads the answer, so that a
 * container is never running here before the source has given it up.
 */
export interface Barrier {
  /** The script, for CRIU's configuration. */
  readonly script: string;
  /** Resolves when the restore has come as far as it may. */
  readonly reached: Promise<void>;
  /** Lets the processes run, or has the restore undone. */
  answer(word: 'go' | 'no'): void;
  close(): Promise<void>;
}

/** @param directory - made for this barrier alone, on a tmpfs */
export async function makeBarrier(directory: string): Promise<Barrier> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const [reachedPath, answerPath, script] = ['reached', 'answer', 'barrier.sh'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  await run('mkfifo', ['--mode=600', reachedPath, answerPath]);
  await writeFile(
    script,
    `#!/bin/sh
[ "$CRTOOLS_SCRIPT_ACTION" = post-restore ] || exit 0
echo reached >'${reachedPath}'
read word <'${answerPath}' && [ "$word" = go ]
`,
    { mode: 0o700 },
  );
  // opened for both directions, so that neither side has to be there first and none sees an early end
  const fifo = (path: string, reads: boolean) =>
    new Socket({ fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK), readable: reads, writable: !reads });
  const reachedFifo = fifo(reachedPath, true);
  const answerFifo = fifo(answerPath, false);
  for (const socket of [reachedFifo, answerFifo]) socket.on('error', () => undefined);
  return {
    script,
    reached: new Promise((resolve) => reachedFifo.once('data', () => resolve())),
    answer: (word) => {
      answerFifo.write(`${word}\n`);
    },
    async close() {
      reachedFifo.destroy();
      answerFifo.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
