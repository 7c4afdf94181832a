import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TagalongError } from '../../broker/contract/errors.ts';
import { makePageSet, without } from './pageSet.ts';
import { makeRunMap, type RunMap } from './runMap.ts';

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
/** Of a slot, not of a page. */
const isTaken = -1;
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
  const slots = new Map<number, RunMap>();
  const free = makeFreeSlots();
  let slotCount = 0;
  let indexEnd = 0;

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
      found = makeRunMap();
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

  /** Takes in what the log says. */
  function apply({ pid, page, count }: PageRun, slot: number): void {
    const process = ofProcess(pid);
    // what is overwritten in place stays where it is; else its place is free
    if (slot < 0)
      process.stretches(page, count, (_, length, before) => {
        if (before !== undefined && before >= 0) free.add(before, length);
      });
    if (slot === forgotten) process.delete(page, count);
    else process.set(page, count, slot);
    if (slot >= 0) slotCount = Math.max(slotCount, slot + count);
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
    const taken = makeRunMap();
    for (const process of slots.values())
      process.each((_, count, slot) => {
        if (slot >= 0) taken.set(slot, count, isTaken);
      });
    taken.stretches(0, slotCount, (slot, count, value) => {
      if (value === undefined) free.add(slot, count);
    });
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
    if (process === undefined) call(0, run.count, undefined);
    else process.stretches(run.page, run.count, (page, count, slot) => call(page - run.page, count, slot));
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
      let known = 0;
      for (const process of slots.values()) known += process.size;
      return known;
    },
    has: (pid, page) => slots.get(pid)?.get(page) !== undefined,
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
      const kept = makePageSet();
      for (const run of runs) kept.add(run);
      const known: PageRun[] = [];
      for (const [pid, process] of slots)
        process.each((page, count) => {
          known.push({ pid, page, count });
        });
      for (const run of without(known, kept)) forget(run);
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
    add(slot: number, count: number): void {
      const last = stretches.at(-1);
      if (last !== undefined && last.slot + last.count === slot) last.count += count;
      else stretches.push({ slot, count });
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
