import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { TagalongError } from '../../broker/contract/errors.ts';
import { readPagemap } from '../images/pagemap.ts';
import type { EncodingChoice } from '../memory/encodingChoice.ts';
import { makePageSet, type PageSet, without } from '../memory/pageSet.ts';
import type { PageRun, PageStore } from '../memory/pageStore.ts';
import { makePageWriter } from '../memory/pageWriter.ts';
import type { ProcessMemory } from '../memory/processMemory.ts';
import { type KnownPages, makeScanBuffers, type PageReader, scan } from '../memory/scan.ts';

/** Which memory goes out while the container stands still: all that differs, what will most likely differ, or none. */
export type FrozenShare = 'all' | 'hot' | 'none';

/** What is known when CRIU's images are there. */
export interface FrozenImages {
  /** All pages of the container, as its images name them. */
  pages: PageRun[];
  /** Those that the destination has to ask for. */
  remaining: PageRun[];
  /** Images to send; not those with the processes' pages, which the destination writes itself. */
  names: string[];
}

/** The memory of a container that the freezer holds. */
export interface FrozenMemory {
  /** While CRIU still dumps: what its doings in the processes cannot touch. */
  sendEarly(): Promise<void>;
  /** What the images name and was not sent early. */
  sendLate(imageDirectory: string): Promise<FrozenImages>;
  /** The processes ran for a moment: what was sent may not be true any more, and there may be others now. */
  startOver(processes: readonly ProcessMemory[]): void;
  /** What the destination is known to have, and nothing that was sent to it since. */
  readonly known: KnownPages;
  readonly changedPages: PageSet;
  /** Brings a store, which is what the destination had, to what it has now. */
  settle(store: PageStore, alsoChanged: readonly PageRun[]): Promise<void>;
}

const pagemapName = /^pagemap-(\d+)\.img$/;

/**
 * @param write - takes one record of the stream, in pieces
 * @param store - what the destination is known to have
 */
export function makeFrozenMemory(options: {
  processes: readonly ProcessMemory[];
  store: PageStore;
  hot: PageSet;
  share: FrozenShare;
  choice: EncodingChoice;
  write: (...pieces: Buffer[]) => Promise<void>;
}): FrozenMemory {
  const { store, hot, share, choice, write } = options;
  let { processes } = options;
  const { pageBytes } = store;
  const changedPages = makePageSet();
  const seen = makePageSet();
  const buffers = makeScanBuffers();
  const writer = makePageWriter({ pageBytes, choice, write });
  /** Runs whose content is in a file of CRIU's, with their readers. */
  const inFiles: { run: PageRun; read: PageReader }[] = [];
  const known: KnownPages = {
    has: (pid, page) => !changedPages.has(pid, page) && store.has(pid, page),
    read: store.read,
  };
  const visitor = {
    // where all is sent, what is not named is as it was
    same: (run: PageRun) => (share === 'all' ? undefined : writer.same(run)),
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

  return {
    known,
    changedPages,
    async sendEarly() {
      if (share === 'none') return;
      const cold = { has: (pid: number, page: number) => !hot.has(pid, page) };
      for (const process of processes) {
        const own = process
          .ownPages()
          .flatMap(({ untouched, ...run }) => (untouched ? [{ ...run, pid: process.pid }] : []));
        await sendFrom(share === 'all' ? own : without(own, cold));
      }
      await writer.flush();
    },

    async sendLate(imageDirectory) {
      const all = readdirSync(imageDirectory);
      const ownFiles = new Set<string>();
      const pages: PageRun[] = [];
      const remaining: PageRun[] = [];
      for (const name of all) {
        const pid = Number(pagemapName.exec(name)?.[1]);
        if (Number.isNaN(pid)) continue;
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
      if (share === 'all') await sendFrom(remaining.splice(0));
      await writer.flush();
      return { pages, remaining, names: all.filter((name) => !ownFiles.has(name) && name !== 'descriptors.json') };
    },

    startOver(others) {
      processes = others;
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
