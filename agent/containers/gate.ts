import { constants, openSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { run } from '../../host/command.ts';

/**
 * Where a script that CRIU or runC runs says how far it is, and waits for a word.
 *
 * Two named pipes: a line in `reached` for each place that the script comes to, a line in `answer` for each that it waits at.
 */
export interface Gate {
  /** Paths for the script. */
  readonly reachedPath: string;
  readonly answerPath: string;
  /** Resolves when the script has said this word, now or earlier. */
  reached(word: string): Promise<void>;
  /** Answers who waits now, or who comes next. */
  answer(word: string): void;
  close(): Promise<void>;
}

/** Where a script waits for its word, in the directory of its gate. */
export const answerPathIn = (directory: string) => join(directory, 'answer');

/** @param directory - made for this gate alone, on a tmpfs */
export async function makeGate(directory: string): Promise<Gate> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const [reachedPath, answerPath] = [join(directory, 'reached'), answerPathIn(directory)];
  await run('mkfifo', ['--mode=600', reachedPath, answerPath]);
  // opened for both directions, so that neither side has to be there first and none sees an early end
  const fifo = (path: string, reads: boolean) =>
    new Socket({ fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK), readable: reads, writable: !reads });
  const reachedFifo = fifo(reachedPath, true);
  const answerFifo = fifo(answerPath, false);
  for (const socket of [reachedFifo, answerFifo]) socket.on('error', () => undefined);
  const places = new Map<string, PromiseWithResolvers<void>>();
  const place = (word: string) => {
    const found = places.get(word) ?? Promise.withResolvers<void>();
    places.set(word, found);
    return found;
  };
  let rest = '';
  reachedFifo.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) place(line).resolve();
  });
  return {
    reachedPath,
    answerPath,
    reached: (word) => place(word).promise,
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
