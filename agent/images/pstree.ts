import { decodeImage } from './image.ts';
import { imageKinds } from './kinds.ts';

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
  return decodeImage(imageKinds.pstree, bytes, file).entries.map(({ message: { pid, ppid, pgid, sid, threads } }) => ({
    pid,
    ppid,
    pgid,
    sid,
    threads,
  }));
}
