import { closeSync, openSync, readdirSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TagalongError } from '../../broker/contract/errors.ts';
import { type PagemapEntry, pagemapPid, readPagemap, writePagemap } from '../images/pagemap.ts';
import { batchBytes } from '../memory/pageRecords.ts';
import { makePageSet, pieces, without } from '../memory/pageSet.ts';
import type { PageRun, PageStore } from '../memory/pageStore.ts';

export interface Assembled {
  /** All pages of the container. */
  pages: PageRun[];
  /** Those that CRIU leaves out and asks for later. */
  lazyPages: PageRun[];
  /**
   * Writes the images of pages, which have their sizes already.
   * @throws TagalongError `bad-image` where a page is missing that cannot come later
   */
  writePages(): void;
}

/**
 * Makes the images with the processes' pages, which did not travel, from what this node has of their memory.
 *
 * @param eagerOf - given what CRIU can bring in later, says what of it is written all the same, ascending
 * @throws TagalongError `bad-image` where a pagemap cannot be right
 */
export function assembleImages(
  imageDirectory: string,
  store: PageStore,
  eagerOf: (lazyPages: readonly PageRun[]) => readonly PageRun[],
): Assembled {
  const pagemaps = readPagemaps(imageDirectory, store.pageBytes);
  const pages = pagemaps.flatMap(({ parts }) => parts.map(({ run }) => run));
  const canWait = pagemaps.flatMap(({ parts }) => parts.flatMap(({ entry, run }) => (entry.present ? [] : [run])));
  const eager = makePageSet(eagerOf(canWait));
  const lazyPages: PageRun[] = [];
  const images: { path: string; runs: PageRun[] }[] = [];
  for (const { path, pagesId, parts } of pagemaps) {
    const divided = parts.flatMap(({ entry, run }) => (entry.present ? [{ run, isIn: true }] : eager.divide(run)));
    const entries = divided.map(({ run, isIn }) => ({
      address: run.page * store.pageBytes,
      pages: run.count,
      present: isIn,
      lazy: !isIn,
      inParent: false,
    }));
    writeFileSync(path, writePagemap({ pagesId, entries }));
    lazyPages.push(...divided.flatMap(({ run, isIn }) => (isIn ? [] : [run])));
    const image = {
      path: join(imageDirectory, `pages-${pagesId}.img`),
      runs: divided.flatMap(({ run, isIn }) => (isIn ? [run] : [])),
    };
    makeRoom(image.path, image.runs.reduce((sum, { count }) => sum + count, 0) * store.pageBytes);
    images.push(image);
  }
  return {
    pages,
    lazyPages,
    writePages() {
      const buffer = Buffer.allocUnsafeSlow(batchBytes);
      for (const { path, runs } of images) fill(path, runs, store, buffer);
    },
  };
}

/** The memory of one process, as its pagemap names it. */
interface NamedMemory {
  path: string;
  pagesId: number;
  parts: { entry: PagemapEntry; run: PageRun }[];
}

/** @throws TagalongError `bad-image` */
function readPagemaps(imageDirectory: string, pageBytes: number): NamedMemory[] {
  let total = 0;
  return readdirSync(imageDirectory).flatMap((name) => {
    const pid = pagemapPid(name);
    if (pid === undefined) return [];
    const path = join(imageDirectory, name);
    const { pagesId, entries } = readPagemap(readFileSync(path), name);
    const parts = entries.map((entry) => ({ entry, run: runOf(entry, pid, pageBytes, name) }));
    for (const { run } of parts) total += run.count;
    if (total > mostPages) throw new TagalongError('bad-image', { file: name, problem: 'it names too many pages' });
    return [{ path, pagesId, parts }];
  });
}

/** @throws TagalongError `bad-image` where pages that are said to be here are not */
export function checkPresent(runs: readonly PageRun[], store: Pick<PageStore, 'has'>): void {
  const [missing] = without(runs, store);
  if (missing === undefined) return;
  const { pid, page } = missing;
  throw new TagalongError('bad-image', { file: `pagemap-${pid}.img`, problem: `page ${page} did not arrive` });
}

/** 64 GiB in pages of 4 KiB: every one of them is noted. */
const mostPages = 1 << 24;

function runOf(entry: PagemapEntry, pid: number, pageBytes: number, file: string): PageRun {
  if (entry.address % pageBytes !== 0 || entry.pages < 1 || entry.inParent)
    throw new TagalongError('bad-image', { file, problem: 'an entry is not a run of whole pages' });
  return { pid, page: entry.address / pageBytes, count: entry.pages };
}

function makeRoom(path: string, sizeBytes: number): void {
  writeFileSync(path, '', { mode: 0o600 });
  truncateSync(path, sizeBytes);
}

function fill(path: string, runs: readonly PageRun[], store: PageStore, buffer: Buffer): void {
  const { pageBytes } = store;
  const file = openSync(path, 'r+');
  let [filled, at] = [0, 0];
  const flush = () => {
    writeSync(file, buffer, 0, filled, at);
    at += filled;
    filled = 0;
  };
  try {
    for (const part of runs.flatMap((run) => pieces(run, Math.floor(buffer.length / pageBytes)))) {
      const bytes = part.count * pageBytes;
      if (filled + bytes > buffer.length) flush();
      checkPresent([part], store);
      store.read(part, buffer.subarray(filled, filled + bytes));
      filled += bytes;
    }
    flush();
  } finally {
    closeSync(file);
  }
}
