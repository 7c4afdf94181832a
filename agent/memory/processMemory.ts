import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** One mapping of a process that holds pages of its own. */
export interface PrivateRun {
  page: number;
  count: number;
  /** Anonymous and not executable: CRIU's own doings in a process never touch it. */
  untouched: boolean;
}

/** The memory of one process, read from outside while it runs or stands still. */
export interface ProcessMemory {
  /** As this node numbers it. */
  readonly hostPid: number;
  /** As the container numbers it. */
  readonly pid: number;
  /**
   * Pages that are the process's own: anonymous ones, and those of private files that it has written to. None when it has
   * ended.
   */
  ownPages(): PrivateRun[];
  /**
   * Reads pages.
   * @returns how many could be read before the first that is not there any more
   */
  read(page: number, count: number, into: Buffer): number;
  close(): void;
}

/** What the kernel maps into every process and what cannot be read from outside. */
const notMemory = /\[(vdso|vvar|vvar_vclock|vsyscall|uprobes)\]$/;
/** Page table entries read at once. */
const entriesAtOnce = 1 << 16;

/**
 * Opens the memory of a process. Nothing stops or slows it but the reading itself: pagemap tells which pages are there,
 * `mem` reads them (proc_pid_pagemap(5), proc_pid_mem(5)). What is read while it runs may be torn; a later comparison
 * with the frozen process decides.
 *
 * @param hostPid - its number in this namespace
 * @returns undefined where it has ended
 */
export function openProcessMemory(hostPid: number, pageBytes: number): ProcessMemory | undefined {
  let [memory, pagemap]: [number | undefined, number | undefined] = [undefined, undefined];
  try {
    const status = readFileSync(`/proc/${hostPid}/status`, 'utf8');
    const pid = Number(/^NSpid:.*\t(\d+)$/m.exec(status)?.[1]);
    memory = openSync(`/proc/${hostPid}/mem`, 'r');
    pagemap = openSync(`/proc/${hostPid}/pagemap`, 'r');
    return opened(hostPid, pid, memory, pagemap, pageBytes);
  } catch {
    for (const file of [memory, pagemap]) if (file !== undefined) closeSync(file);
    return undefined;
  }
}

function opened(hostPid: number, pid: number, memory: number, pagemap: number, pageBytes: number): ProcessMemory {
  let isClosed = false;
  return {
    hostPid,
    pid,
    ownPages() {
      if (isClosed) return [];
      const maps = mapsOf(hostPid);
      return parseMaps(maps, pageBytes).flatMap(({ first, last, untouched }) =>
        ownRuns(pagemap, first, last).map((run) => ({ ...run, untouched })),
      );
    },
    read(page, count, into) {
      if (isClosed) return 0;
      let done = 0;
      const wanted = count * pageBytes;
      while (done < wanted) {
        try {
          const got = readSync(memory, into, done, wanted - done, page * pageBytes + done);
          if (got === 0) break;
          done += got;
        } catch {
          break; // it was unmapped meanwhile
        }
      }
      return Math.floor(done / pageBytes);
    },
    close() {
      if (isClosed) return; // the kernel may have given its numbers to other files since
      isClosed = true;
      closeSync(memory);
      closeSync(pagemap);
    },
  };
}

/** A process that has ended has none. */
function mapsOf(hostPid: number): string {
  try {
    return readFileSync(`/proc/${hostPid}/maps`, 'latin1');
  } catch {
    return '';
  }
}

/** The private, readable mappings in the text of `/proc/PID/maps`, pure. `last` is exclusive; both are page numbers. */
export function parseMaps(text: string, pageBytes: number): { first: number; last: number; untouched: boolean }[] {
  const found = [];
  for (const line of text.split('\n')) {
    const fields = /^([0-9a-f]+)-([0-9a-f]+) r.(.)p [0-9a-f]+ \S+ (\d+)/.exec(line);
    if (fields === null || notMemory.test(line)) continue;
    const [, start, end, execute, inode] = fields as unknown as [string, string, string, string, string];
    found.push({
      first: Number.parseInt(start, 16) / pageBytes,
      last: Number.parseInt(end, 16) / pageBytes,
      untouched: execute !== 'x' && inode === '0',
    });
  }
  return found;
}

/** High halves of page table entries (Linux Documentation/admin-guide/mm/pagemap.rst). */
const bits = { present: 0x8000_0000, swapped: 0x4000_0000, fileOrShared: 0x2000_0000 };

/** Nothing where the process has ended. */
function readEntries(pagemap: number, into: Buffer, bytes: number, page: number): number {
  try {
    return readSync(pagemap, into, 0, bytes, page * 8);
  } catch {
    return 0;
  }
}

function ownRuns(pagemap: number, first: number, last: number): { page: number; count: number }[] {
  const runs: { page: number; count: number }[] = [];
  const buffer = Buffer.allocUnsafeSlow(8 * Math.min(entriesAtOnce, last - first));
  let open: { page: number; count: number } | undefined;
  for (let page = first; page < last; ) {
    const got = readEntries(pagemap, buffer, Math.min(buffer.length, 8 * (last - page)), page) >>> 3;
    if (got === 0) break;
    const words = new Uint32Array(buffer.buffer, buffer.byteOffset, got * 2);
    for (let index = 0; index < got; index += 1) {
      const high = words[2 * index + 1] as number;
      const isOwn = (high & (bits.present | bits.swapped)) !== 0 && (high & bits.fileOrShared) === 0;
      if (!isOwn) open = undefined;
      else if (open !== undefined) open.count += 1;
      else {
        open = { page: page + index, count: 1 };
        runs.push(open);
      }
    }
    page += got;
  }
  return runs;
}
