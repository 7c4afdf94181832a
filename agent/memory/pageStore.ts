import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TagalongError } from '../../broker/contract/errors.ts';

/** Pages side by side in the memory of one process. */
export interface PageRun {
  /** The process as the container numbers it: the same on every node. */
  pid: number;
  /** Number of the first page: its address divided by the page size. */
  page: number;
  count: number;
}

/**
 * The memory of a container's processes, page by page, in a directory on a tmpfs: what a node has of a container whose
 * processes are elsewhere, or what the other node is known to have.
 *
 * The file `pages` holds slots of one page each, `index` is a log of which page is in which slot. Both are only ever
 * appended to or overwritten in place, so another process can open the directory and see all that was written before.
 */
export interface PageStore {
  readonly directory: string;
  readonly pageBytes: number;
  /** Pages that are known, pages of zeros included. */
  readonly knownPages: number;
  has(pid: number, page: number): boolean;
  /** Reads pages that are known. @throws TagalongError `bug` where one is not */
  read(run: PageRun, into: Buffer): void;
  /** Writes whole pages. */
  write(run: PageRun, bytes: Buffer): void;
  /** Notes pages of zeros; they take no room. */
  zero(run: PageRun): void;
  /** Takes pages back: they are not known any more. */
  forget(run: PageRun): void;
  /** Forgets all that is not in these runs. */
  retain(runs: readonly PageRun[]): void;
  /**
   * Takes in what another process has written since: one writes at a time, and the other reads it when that has ended.
   * @returns false where another store is in the directory by now
   * @throws TagalongError `bad-image` where its index is damaged
   */
  refresh(): boolean;
  /** Room taken, in bytes. */
  readonly sizeBytes: number;
  /** Once or more often. What is done to it afterwards is refused as a mistake. */
  close(): void;
}

const entryBytes = 24;
const slotOfZeros = -1;
const forgotten = -2;
/** More than a table of pages can name: 64 GiB in pages of 4 KiB. */
const mostPages = 1 << 24;

/** Opens a store, or makes an empty one. @throws TagalongError `bad-image` where its index is damaged */
export function openPageStore(directory: string, pageBytes: number): PageStore {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = (name: string) => {
    const path = join(directory, name);
    return openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600);
  };
  const [pages, index] = [file('pages'), file('index')];
  let isClosed = false;
  /** Slot of each page, by process. */
  const slots = new Map<number, Map<number, number>>();
  const free = makeFreeSlots();
  let slotCount = 0;
  let indexEnd = 0;
  let known = 0;

  /** The kernel may have given the numbers of the files to others since. */
  function checkOpen(): void {
    if (isClosed)
      throw new TagalongError('bug', { problem: `the page store ${directory} is used after it was closed` });
  }

  function close(): void {
    if (isClosed) return;
    isClosed = true;
    closeSync(pages);
    closeSync(index);
  }

  const ofProcess = (pid: number) => {
    let found = slots.get(pid);
    if (found === undefined) {
      found = new Map();
      slots.set(pid, found);
    }
    return found;
  };

  function note(run: PageRun, slot: number): void {
    checkOpen();
    const entry = Buffer.alloc(entryBytes);
    entry.writeUInt32LE(run.pid, 0);
    entry.writeUInt32LE(run.count, 4);
    entry.writeDoubleLE(run.page, 8);
    entry.writeInt32LE(slot, 16);
    writeSync(index, entry, 0, entryBytes, indexEnd);
    indexEnd += entryBytes;
  }

  function apply(run: PageRun, slot: number): void {
    const process = ofProcess(run.pid);
    for (let offset = 0; offset < run.count; offset += 1) {
      const before = process.get(run.page + offset);
      if (slot === forgotten) {
        if (before === undefined) continue;
        known -= 1;
        if (before >= 0) free.add(before);
        process.delete(run.page + offset);
        continue;
      }
      if (before === undefined) known += 1;
      else if (before >= 0 && slot === slotOfZeros) free.add(before);
      process.set(run.page + offset, slot === slotOfZeros ? slotOfZeros : slot + offset);
      if (slot >= 0) slotCount = Math.max(slotCount, slot + offset + 1);
    }
  }

  /** Reads the index from where it was read before to its end. */
  function load(): void {
    const log = Buffer.alloc(Math.max(0, fstatSync(index).size - indexEnd));
    const length = readSync(index, log, 0, log.length, indexEnd);
    const pagesHere = fstatSync(pages).size / pageBytes;
    const end = length - (length % entryBytes);
    indexEnd += end;
    for (let at = 0; at < end; at += entryBytes) {
      const run = { pid: log.readUInt32LE(at), count: log.readUInt32LE(at + 4), page: log.readDoubleLE(at + 8) };
      const slot = log.readInt32LE(at + 16);
      const isPlace = slot >= forgotten && (slot < 0 || slot + run.count <= pagesHere);
      if (!Number.isSafeInteger(run.page) || run.page < 0 || run.count > mostPages || !isPlace) {
        throw new TagalongError('bad-image', {
          file: join(directory, 'index'),
          problem: 'it names pages that are not there',
        });
      }
      apply(run, slot);
    }
    free.clear(); // a slot freed in the past may be taken again by now
    const taken = new Uint8Array(slotCount);
    for (const process of slots.values()) for (const slot of process.values()) if (slot >= 0) taken[slot] = 1;
    for (let slot = 0; slot < slotCount; slot += 1) if (taken[slot] === 0) free.add(slot);
  }
  try {
    load();
  } catch (error) {
    close();
    throw error;
  }

  /** Calls for each stretch of pages whose slots lie side by side. */
  function stretches(run: PageRun, call: (offset: number, count: number, slot: number | undefined) => void): void {
    const process = slots.get(run.pid);
    let start = 0;
    let first = process?.get(run.page);
    for (let offset = 1; offset <= run.count; offset += 1) {
      const next = offset < run.count ? process?.get(run.page + offset) : undefined;
      const follows = first === undefined || first < 0 ? next === first : next === first + (offset - start);
      if (offset < run.count && follows) continue;
      call(start, offset - start, first);
      start = offset;
      first = next;
    }
  }

  function append(run: PageRun, bytes: Buffer): void {
    for (let done = 0; done < run.count; ) {
      const { slot, count } = free.take(run.count - done) ?? { slot: slotCount, count: run.count - done };
      const part = { pid: run.pid, page: run.page + done, count };
      writeSync(pages, bytes, done * pageBytes, count * pageBytes, slot * pageBytes);
      apply(part, slot);
      note(part, slot);
      done += count;
    }
  }

  function forget(run: PageRun): void {
    checkOpen();
    apply(run, forgotten);
    note(run, forgotten);
  }

  return {
    directory,
    pageBytes,
    get knownPages() {
      return known;
    },
    has: (pid, page) => slots.get(pid)?.has(page) ?? false,
    read(run, into) {
      checkOpen();
      stretches(run, (offset, count, slot) => {
        const [start, length] = [offset * pageBytes, count * pageBytes];
        if (slot === undefined)
          throw new TagalongError('bug', { problem: `page ${run.page + offset} of process ${run.pid} is not known` });
        if (slot === slotOfZeros) into.fill(0, start, start + length);
        else if (readSync(pages, into, start, length, slot * pageBytes) !== length)
          throw new TagalongError('bad-image', { file: join(directory, 'pages'), problem: 'it is too short' });
      });
    },
    write(run, bytes) {
      checkOpen();
      stretches(run, (offset, count, slot) => {
        const part = bytes.subarray(offset * pageBytes, (offset + count) * pageBytes);
        if (slot !== undefined && slot >= 0) writeSync(pages, part, 0, part.length, slot * pageBytes);
        else append({ pid: run.pid, page: run.page + offset, count }, part);
      });
    },
    zero(run) {
      checkOpen();
      apply(run, slotOfZeros);
      note(run, slotOfZeros);
    },
    forget,
    retain(runs) {
      const kept = new Map<number, Set<number>>();
      for (const { pid, page, count } of runs) {
        const ofPid = kept.get(pid) ?? new Set();
        kept.set(pid, ofPid);
        for (let offset = 0; offset < count; offset += 1) ofPid.add(page + offset);
      }
      for (const [pid, process] of slots) {
        const ofPid = kept.get(pid);
        let gone: PageRun | undefined;
        for (const page of [...process.keys()].filter((each) => !ofPid?.has(each))) {
          if (gone !== undefined && gone.page + gone.count === page) {
            gone.count += 1;
            continue;
          }
          if (gone !== undefined) forget(gone);
          gone = { pid, page, count: 1 };
        }
        if (gone !== undefined) forget(gone);
      }
    },
    refresh() {
      checkOpen();
      if (!isSameFile(join(directory, 'index'), index)) return false;
      load();
      return true;
    },
    get sizeBytes() {
      return slotCount * pageBytes + indexEnd;
    },
    close,
  };
}

function isSameFile(path: string, file: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const here = fstatSync(file);
  return there?.ino === here.ino && there.dev === here.dev;
}

/** Slots that hold no page any more, as stretches: what was freed side by side is taken side by side. */
function makeFreeSlots() {
  const stretches: { slot: number; count: number }[] = [];
  return {
    add(slot: number): void {
      const last = stretches.at(-1);
      if (last !== undefined && last.slot + last.count === slot) last.count += 1;
      else stretches.push({ slot, count: 1 });
    },
    /** @returns at most so many side by side; undefined where none is free */
    take(most: number): { slot: number; count: number } | undefined {
      const last = stretches.at(-1);
      if (last === undefined) return undefined;
      const count = Math.min(most, last.count);
      last.count -= count;
      if (last.count === 0) stretches.pop();
      return { slot: last.slot + last.count, count };
    },
    clear: () => {
      stretches.length = 0;
    },
  };
}

/** Removes a store that nobody has open. */
export function removePageStore(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
