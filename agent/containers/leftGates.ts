import { closeSync, constants, openSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { answerPathIn } from './gate.ts';

/** Longer than a script takes from opening a pipe to reading it. */
const passMs = 200;

/**
 * Ends the waits of scripts that an earlier run of this agent held at gates (`gate.ts`). Those that waited when it ended have
 * seen the end of it; one that came to its gate afterwards waits until somebody opens the other end. Each then does what it
 * does when nobody answers.
 *
 * @param directory - of migrations: their gates lie two levels below
 */
export async function openLeftGates(directory: string): Promise<void> {
  const files: number[] = [];
  for (const migration of await namesIn(directory))
    for (const part of await namesIn(join(directory, migration))) {
      const path = answerPathIn(join(directory, migration, part));
      const isGate = await stat(path).then(
        (found) => found.isFIFO(),
        () => false,
      );
      if (isGate) files.push(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
    }
  if (files.length > 0) await wait(passMs);
  for (const file of files) closeSync(file);
}

const namesIn = (directory: string) => readdir(directory).catch(() => []);
