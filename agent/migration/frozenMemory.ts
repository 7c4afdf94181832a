import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { TagalongError } from '../../broker/contract/errors.ts';
import { pagemapPid, readPagemap } from '../images/pagemap.ts';
import type { EncodingChoice } from '../memory/encodingChoice.ts';
import { makePageSet, type PageSet, pieces, without } from '../memory/pageSet.ts';
import type { PageRun, PageStore } from '../memory/pageStore.ts';
import { makePageWriter } from '../memory/pageWriter.ts';
import type { ProcessMemory } from '../memory/processMemory.ts';
import { type KnownPages, makeScanBuffers, type PageReader, scan } from '../memory/scan.ts';
import { costs } from './estimate.ts';

/** Which memory goes out while the container stands still: all that differs, what will most likely differ, or none. */
export type FrozenShare = 'all' | 'hot' | 'none';

/** What is known when CRIU's images are there. */
export interface FrozenImages {
  /** All pages of the container, as its images name them. */
  pages: PageRun[];
  /** Those that were not sent: the destination has to ask for them, or {@link FrozenMemory.sendRest} follows. */
  remaining: PageRun[];
  /** Images to send; not those with the processes' pages, which the destination writes itself. */
  names: string[];
}

/** The memory of a container that the freezer holds. */
export interface FrozenMemory {
  /**
   * While CRIU still dumps: what its doings in the processes cannot touch. Where not all memory goes out, as much as there
   * is time for is compared beyond that share, so that less has to be asked for later.
   * @param isDumped - whether the images are there
   */
  sendEarly(isDumped: () => boolean): Promise<void>;
  /** What the images name and was not sent early; where the destination restores meanwhile, only what it needs for that. */
  sendLate(imageDirectory: string): Promise<FrozenImages>;
  /** All that is left. */
  sendRest(remaining: readonly PageRun[]): Promise<void>;
  /** The container ran for a moment: what was sent may not be true any more, and there may be other processes. */
  startOver(processes: readonly ProcessMemory[]): void;
  /** What the destination is known to have, and nothing that was sent to it since. */
  readonly known: KnownPages;
  readonly changedPages: PageSet;
  /** Brings a store, which is what the destination had, to what it has now. */
  settle(store: PageStore, alsoChanged: readonly PageRun[]): Promise<void>;
}

/** So much may be sent that is not hot: on a fast link it costs nothing, on a slow one little. */
const extraBytes = 32 << 10;
const pieceBytes = 512 << 10;
const hotPieceBytes = 128 << 10;
const extraMs = 25;

/**
 * @param write - takes one record of the stream, in pieces
 * @param store - what the destination is known to have
 */
export function makeFrozenMemory(options: {
  processes: readonly ProcessMemory[];
  store: PageStore;
  hot: PageSet;
  share: FrozenShare;
  /** Whether the destination restores while the rest is on its way: so it is told what came before that. */
  restoresMeanwhile: boolean;
  /** Whether comparing goes on without keeping CRIU, which dumps meanwhile, from its work. */
  hasSpareProcessor: boolean;
  /** Of what is hot, at most about so much goes out; the rest follows the container. */
  budgetBytes: number;
  choice: EncodingChoice;
  write: (...pieces: Buffer[]) => Promise<void>;
}): FrozenMemory {
  const { store, hot, share, restoresMeanwhile, hasSpareProcessor, budgetBytes, choice, write } = options;
  let { processes } = options;
  const { pageBytes } = store;
  const changedPages = makePageSet();
  const seen = makePageSet();
  const buffers = makeScanBuffers();
  let sentBytes = 0;
  const writer = makePageWriter({
    pageBytes,
    choice,
    async write(...parts) {
      for (const { length } of parts) sentBytes += length;
      await write(...parts);
    },
  });
  /** Runs whose content is in a file of CRIU's, with their readers. */
  const inFiles: { run: PageRun; read: PageReader }[] = [];
  const known: KnownPages = {
    has: (pid, page) => !changedPages.has(pid, page) && store.has(pid, page),
    read: store.read,
  };
  /** Where all is sent, what is not named is as it was. */
  let namesSame = share !== 'all' || restoresMeanwhile;
  const visitor = {
    same: (run: PageRun) => (namesSame ? writer.same(run) : undefined),
    zero(run: PageRun) {
      changedPages.add(run);
      writer.zero(run);
    },
    async changed(run: PageRun, bytes: Buffer, before: Buffer | undefined) {
      changedPages.add(run);
      await writer.changed(run, bytes, before);
    },
  };
  const look = (run: PageRun, read: PageReader) => scan(run, read, known, visitor, buffers, pageBytes);
  const memoryOf = (pid: number) => processes.find((process) => process.pid === pid);

  async function sendFrom(runs: readonly PageRun[]): Promise<void> {
    for (const run of runs) {
      const memory = memoryOf(run.pid);
      if (memory === undefined) throw notHere(run.pid);
      await look(run, memory.read);
      seen.add(run);
    }
  }

  /**
   * What is hot first, as much of it as may be sent; then what there is time for. Small mappings come before large ones, since
   * those hold what a program works with.
   */
  async function sendSome(all: readonly PageRun[], isDumped: () => boolean): Promise<void> {
    const own = [...all].sort((a, b) => a.count - b.count);
    if (share === 'hot') {
      const endBytes = sentBytes + budgetBytes;
      const runs = without(own, { has: (pid, page) => !hot.has(pid, page) });
      for (const piece of runs.flatMap((run) => pieces(run, hotPieceBytes / pageBytes))) {
        if (sentBytes > endBytes) break;
        await sendFrom([piece]);
        if (changedPages.size * pageBytes > budgetBytes) await writer.flush(); // to see what it takes on the wire
      }
    }
    const before = changedPages.size;
    const untilMs = performance.now() + extraMs;
    const allowedPages = share === 'hot' ? extraBytes / pageBytes : 0;
    const comparable = own.filter(({ pid, page }) => store.has(pid, page));
    let roomPages = costs.eagerBytes / pageBytes;
    for (const run of comparable) {
      roomPages -= run.count;
      for (const piece of pieces(run, pieceBytes / pageBytes)) {
        if (isDumped() || changedPages.size - before > allowedPages || performance.now() > untilMs) return;
        if (roomPages < 0 && !hasSpareProcessor) return;
        await sendFrom(without([piece], seen));
        await new Promise(setImmediate); // so that the end of the dump is heard of
      }
    }
  }

  /** What a process needs at once, so that the destination can restore it; then what there is time for while CRIU dumps. */
  async function sendUrgent(all: readonly PageRun[], isDumped: () => boolean): Promise<void> {
    const own = [...all].sort((a, b) => a.count - b.count);
    let roomPages = costs.eagerBytes / pageBytes;
    const whatIsHot = without(own, { has: (pid, page) => !hot.has(pid, page) });
    for (const runs of [whatIsHot, own])
      for (const run of runs) {
        const left = without([run], seen);
        const count = left.reduce((sum, piece) => sum + piece.count, 0);
        if (count > roomPages) break;
        roomPages -= count;
        await sendFrom(left);
      }
    if (!hasSpareProcessor) return;
    for (const piece of own.flatMap((run) => pieces(run, pieceBytes / pageBytes))) {
      await new Promise(setImmediate); // so that the end of the dump is heard of
      if (isDumped()) return;
      await sendFrom(without([piece], seen));
    }
  }

  return {
    known,
    changedPages,
    async sendEarly(isDumped) {
      const own = processes.flatMap((process) =>
        process
          .ownPages()
          .flatMap(({ untouched, page, count }) => (untouched ? [{ pid: process.pid, page, count }] : [])),
      );
      if (restoresMeanwhile) await sendUrgent(own, isDumped);
      else if (share === 'all') await sendFrom(own);
      else await sendSome(own, isDumped);
      await writer.flush();
    },

    async sendLate(imageDirectory) {
      const all = readdirSync(imageDirectory);
      const ownFiles = new Set<string>();
      const pages: PageRun[] = [];
      const remaining: PageRun[] = [];
      for (const name of all) {
        const pid = pagemapPid(name);
        if (pid === undefined) continue;
        const { pagesId, entries } = readPagemap(readFileSync(join(imageDirectory, name)), name);
        const file = `pages-${pagesId}.img`;
        ownFiles.add(file);
        let fileAt = 0;
        for (const { address, pages: count, present } of entries) {
          const run = { pid, page: address / pageBytes, count };
          pages.push(run);
          if (!present) {
            if (memoryOf(pid) === undefined) throw notHere(pid);
            remaining.push(...without([run], seen));
            continue;
          }
          const read = fileReader(join(imageDirectory, file), fileAt, run.page, pageBytes);
          inFiles.push({ run, read });
          await look(run, read);
          fileAt += count * pageBytes;
        }
      }
      if (share === 'all' && !restoresMeanwhile) await sendFrom(remaining.splice(0));
      await writer.flush();
      return { pages, remaining, names: all.filter((name) => !ownFiles.has(name) && name !== 'descriptors.json') };
    },

    async sendRest(remaining) {
      namesSame = false;
      await sendFrom(remaining);
      await writer.flush();
    },

    startOver(present) {
      processes = present;
      seen.clear();
      inFiles.length = 0;
    },

    async settle(into, alsoChanged) {
      const inFile = makePageSet();
      const copy = {
        same: () => undefined,
        zero: (run: PageRun) => into.zero(run),
        changed: async (run: PageRun, bytes: Buffer) => into.write(run, bytes),
      };
      for (const { run, read } of inFiles) {
        inFile.add(run);
        await scan(run, read, into, copy, buffers, pageBytes);
      }
      for (const run of without([...changedPages.runs(), ...alsoChanged], inFile)) {
        const memory = memoryOf(run.pid);
        if (memory !== undefined) await scan(run, memory.read, into, copy, buffers, pageBytes);
      }
    },
  };
}

const notHere = (pid: number) =>
  new TagalongError('bad-image', {
    file: `pagemap-${pid}.img`,
    problem: 'it is of a process that does not stand still here',
  });

/** Reads pages from one of CRIU's pages images, where those of a run lie side by side. */
function fileReader(path: string, fileAt: number, firstPage: number, pageBytes: number): PageReader {
  return (page, count, into) => {
    const file = openSync(path, 'r');
    try {
      const at = fileAt + (page - firstPage) * pageBytes;
      return Math.floor(readSync(file, into, 0, count * pageBytes, at) / pageBytes);
    } finally {
      closeSync(file);
    }
  };
}
