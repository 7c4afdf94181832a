import { closeSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TagalongError } from '../../broker/contract/errors.ts';
import { type Pagemap, pagemapPid, readPagemap, writePagemap } from '../images/pagemap.ts';
import { batchBytes } from '../memory/pageRecords.ts';
import { pieces, without } from '../memory/pageSet.ts';
import type { PageRun, PageStore } from '../memory/pageStore.ts';

export interface Assembled {
  /** All pages of the container. */
  pages: PageRun[];
  /** Those that CRIU leaves out and asks for later. */
  lazyPages: PageRun[];
}

/**
 * Writes the images with the processes' pages, which did not travel, from what this node has of their memory.
 *
 * @param lazy - leave out what CRIU can bring in later; else it gets all of it
 * @throws TagalongError `bad-image` where a page is missing that cannot come later
 */
export function assembleImages(imageDirectory: string, store: PageStore, lazy: boolean): Assembled {
  const pages: PageRun[] = [];
  const lazyPages: PageRun[] = [];
  let total = 0;
  const buffer = Buffer.allocUnsafeSlow(batchBytes);
  for (const name of readdirSync(imageDirectory)) {
    const pid = pagemapPid(name);
    if (pid === undefined) continue;
    const path = join(imageDirectory, name);
    const pagemap = readPagemap(readFileSync(path), name);
    const runs = pagemap.entries.map((entry) => ({ entry, run: runOf(entry, pid, store.pageBytes, name) }));
    for (const { run } of runs) {
      pages.push(run);
      total += run.count;
    }
    if (total > mostPages) throw new TagalongError('bad-image', { file: name, problem: 'it names too many pages' });
    if (lazy) for (const { entry, run } of runs) if (!entry.present) lazyPages.push(run);
    if (!lazy) writeFileSync(path, writePagemap(whole(pagemap)));
    const written = runs.flatMap(({ entry, run }) => (!lazy || entry.present ? [run] : []));
    writePages(join(imageDirectory, `pages-${pagemap.pagesId}.img`), written, store, buffer);
  }
  return { pages, lazyPages };
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

const whole = (pagemap: Pagemap): Pagemap => ({
  ...pagemap,
  entries: pagemap.entries.map((entry) => ({ ...entry, present: true, lazy: false, inParent: false })),
});

function runOf(entry: Pagemap['entries'][number], pid: number, pageBytes: number, file: string): PageRun {
  if (entry.address % pageBytes !== 0 || entry.pages < 1 || entry.inParent)
    throw new TagalongError('bad-image', { file, problem: 'an entry is not a run of whole pages' });
  return { pid, page: entry.address / pageBytes, count: entry.pages };
}

function writePages(path: string, runs: readonly PageRun[], store: PageStore, buffer: Buffer): void {
  const file = openSync(path, 'w', 0o600);
  const atOnce = Math.floor(buffer.length / store.pageBytes);
  try {
    for (const part of runs.flatMap((run) => pieces(run, atOnce))) {
      checkPresent([part], store);
      const bytes = buffer.subarray(0, part.count * store.pageBytes);
      store.read(part, bytes);
      writeSync(file, bytes);
    }
  } finally {
    closeSync(file);
  }
}
