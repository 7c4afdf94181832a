import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TagalongError } from '../../broker/contract/errors.ts';
import { start } from '../../host/command.ts';

/**
 * Does something while no other process does it: an exclusive flock(2) on a file.
 * The lock goes with this process, however it ends.
 *
 * @param path - the lock file; made where it is missing, and left there
 * @param action - what to do meanwhile
 */
export async function withLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  // cat ends when our end of the pipe does
  const holder = start('flock', ['--exclusive', '--no-fork', path, 'sh', '-c', 'echo locked; exec cat']);
  try {
    const first = await holder.lines()[Symbol.asyncIterator]().next();
    if (first.value !== 'locked') {
      throw new TagalongError('command-failed', { command: `flock ${path}`, problem: (await holder.ended).stderr });
    }
    return await action();
  } finally {
    await holder.stop();
  }
}
