import type { ProcessMemory } from './processMemory.ts';
import type { KnownPages } from './scan.ts';

/** Pages of several processes that stand for all of their memory. */
export interface Sample {
  readonly pages: readonly { readonly process: ProcessMemory; readonly page: number }[];
  /** How many there are in all. */
  readonly totalPages: number;
}

/** Chooses pages that are spread evenly over all memory; at most twice as many as asked for. */
export function sampleOf(processes: readonly ProcessMemory[], atLeast: number): Sample {
  const runs = processes.flatMap((process) => process.ownPages().map((run) => ({ process, ...run })));
  const totalPages = runs.reduce((sum, { count }) => sum + count, 0);
  const stride = Math.max(1, Math.floor(totalPages / atLeast));
  const pages: { process: ProcessMemory; page: number }[] = [];
  let skip = 0;
  for (const { process, page, count } of runs) {
    for (; skip < count; skip += stride) pages.push({ process, page: page + skip });
    skip -= count;
  }
  return { pages, totalPages };
}

/** How much of the sampled memory a store has as it is now: a part of 1. */
export function knownPart({ pages }: Sample, store: KnownPages, pageBytes: number): number {
  if (pages.length === 0) return 1;
  const [now, before] = [Buffer.allocUnsafe(pageBytes), Buffer.allocUnsafe(pageBytes)];
  const known = pages.filter(({ process, page }) => {
    if (!store.has(process.pid, page) || process.read(page, 1, now) !== 1) return false;
    store.read({ pid: process.pid, page, count: 1 }, before);
    return now.equals(before);
  });
  return known.length / pages.length;
}
