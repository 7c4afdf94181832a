import { entriesFrom, imageMagic, skipMagic } from './framing.ts';
import { pstreeEntry } from './messages/pstree.ts';

/** A process of the images, by the ids that it has in its own pid namespace. */
export interface TreeProcess {
  pid: number;
  /** The pid of its parent; 0 for the root. */
  ppid: number;
  pgid: number;
  sid: number;
  /** The ids of its threads; the first is the pid. A dead process has none. */
  threads: number[];
}

/**
 * Reads the tree of processes, the root first.
 *
 * @param bytes - the whole file `pstree.img`
 * @throws TagalongError `bad-image`
 */
export function readPstree(bytes: Buffer, file = 'pstree.img'): TreeProcess[] {
  const start = skipMagic(bytes, imageMagic('pstree'), file);
  return [...entriesFrom(bytes, start, file)].map((extent) => {
    const { pid, ppid, pgid, sid, threads } = pstreeEntry.decode(bytes.subarray(extent.start, extent.end), file);
    return { pid, ppid, pgid, sid, threads };
  });
}
