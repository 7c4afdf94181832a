import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
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

/** A tar that waits for an archive on its input and unpacks it; it never leaves the directory. */
export function unpackInto(directory: string): Streaming {
  const tar = stream('tar', [
    '--extract',
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

/** Gives an archive to a tar that unpacks. It may end before it has read the padding; a stream that broke off fails in tar. */
export async function feed(source: Readable, tar: Streaming): Promise<void> {
  await Promise.all([pipeline(source, tar.input).catch(() => undefined), tar.done]);
}
