import { TagalongError } from '../../broker/contract/errors.ts';
import { type Streaming, stream } from '../../host/command.ts';

/**
 * GNU tar with all that a container's file system may hold: extended attributes (overlayfs keeps its opaque marks there),
 * sparse files, hard links, devices (overlayfs's whiteouts), owners by number, times to the nanosecond.
 * `trusted.overlay.origin` names an inode of one very disk, so it stays behind.
 */
const faithful = [
  '--xattrs',
  '--xattrs-include=*',
  '--xattrs-exclude=trusted.overlay.origin',
  '--numeric-owner',
  '--sparse',
];

/** A tar that writes what a directory holds, all of it. */
export function packTree(directory: string): Streaming {
  const tar = stream('tar', ['--create', '--format=posix', ...faithful, '--file=-', '--directory', directory, '.']);
  tar.input.end();
  return tar;
}

/** A tar that waits for names on its input, NUL after each, and writes those entries; directories without their content. */
export function packNamed(directory: string): Streaming {
  return stream('tar', [
    '--create',
    '--format=posix',
    ...faithful,
    '--file=-',
    '--directory',
    directory,
    '--no-recursion',
    '--null',
    '--verbatim-files-from',
    '--files-from=-',
  ]);
}

/**
 * Resolves when a tar has packed the files of a container that stands still. CRIU makes a directory among them for a moment and
 * removes it, so that the directory around it changes while tar reads it: that does no harm, and files cannot change.
 *
 * @throws TagalongError `command-failed`
 */
export async function packedStill({ done }: Pick<Streaming, 'done'>): Promise<void> {
  try {
    await done;
  } catch (error) {
    // some files changed while they were read (tar(1), RETURN VALUE)
    if (error instanceof TagalongError && error.details['exitCode'] === 1) return;
    throw error;
  }
}

/** A tar that waits for archives on its input, one after the other, and unpacks them; it never leaves the directory. */
export function unpackInto(directory: string): Streaming {
  const tar = stream('tar', [
    '--extract',
    '--ignore-zeros',
    ...faithful.filter((option) => option !== '--sparse'),
    '--preserve-permissions',
    '--same-owner',
    '--delay-directory-restore',
    '--file=-',
    '--directory',
    directory,
  ]);
  tar.output.resume();
  return tar;
}

/**
 * Gives an archive to a tar that unpacks. Tar may end before it has read the padding behind the archive; what is left is
 * then read and thrown away, so that the sender is not cut off.
 *
 * @throws the source's error where it breaks off, or TagalongError `command-failed`
 */
export async function feed(source: AsyncIterable<Buffer>, tar: Streaming): Promise<void> {
  const { input } = tar;
  const closed = new Promise<void>((resolve) => input.once('close', resolve));
  try {
    for await (const chunk of source) {
      if (!input.writable || input.write(chunk)) continue;
      await Promise.race([new Promise<void>((resolve) => input.once('drain', resolve)), closed]);
    }
  } catch (error) {
    await tar.stop();
    throw error;
  }
  input.end();
  await tar.done;
}
