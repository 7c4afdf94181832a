import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { ContainerPlace } from './record.ts';

/**
 * A line for sh: becomes the process that appends its input to a log, `$1`, as soon as there is a word on descriptor 8; `$2` says
 * which process it is.
 */
export const logWriterScript = 'echo $$ >"$2"; read word <&8 && exec cat >>"$1" 8<&-';

/** A disk may be slow, but a container stands still meanwhile. */
const longestMs = 2000;

/**
 * Resolves when what a container has printed until it was frozen is in its log. The writer is outside of the container and may
 * not have come round to it: a line that it has read is in no pipe any more, and not in the log yet.
 *
 * A writer that sleeps, and waits for no disk, waits for its input: then nothing is left (proc_pid_stat(5), the states S and D).
 */
export async function logIsWritten({ logWriterFile }: Pick<ContainerPlace, 'logWriterFile'>): Promise<void> {
  const deadline = performance.now() + longestMs;
  while (isWriting(logWriterFile) && performance.now() < deadline) await wait(1);
}

function isWriting(file: string): boolean {
  try {
    const [, name, state] = /^\d+ \((.*)\) (\w)/s.exec(readFileSync(`/proc/${pidIn(file)}/stat`, 'latin1')) ?? [];
    return name === 'cat' && state !== 'S' && state !== 'Z';
  } catch {
    return false; // there is none
  }
}

const pidIn = (file: string) => readFileSync(file, 'latin1').trim();
