import type { PageRun } from './pageStore.ts';

/** A set of pages of several processes. */
export interface PageSet {
  readonly size: number;
  add(run: PageRun): void;
  has(pid: number, page: number): boolean;
  clear(): void;
  /** Its pages as runs, processes and pages ascending. */
  runs(): PageRun[];
}

export function makePageSet(): PageSet {
  const processes = new Map<number, Set<number>>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    add({ pid, page, count }) {
      const pages = processes.get(pid) ?? new Set();
      processes.set(pid, pages);
      size -= pages.size;
      for (let offset = 0; offset < count; offset += 1) pages.add(page + offset);
      size += pages.size;
    },
    has: (pid, page) => processes.get(pid)?.has(page) ?? false,
    clear() {
      processes.clear();
      size = 0;
    },
    runs: () =>
      [...processes]
        .sort(([a], [b]) => a - b)
        .flatMap(([pid, pages]) =>
          joined(
            pid,
            [...pages].sort((a, b) => a - b),
          ),
        ),
  };
}

function joined(pid: number, pages: readonly number[]): PageRun[] {
  const runs: PageRun[] = [];
  for (const page of pages) addRun(runs, pid, page, 1);
  return runs;
}

/** Adds a run to a list, joined to the last one where it follows it. The list's runs are its own. */
export function addRun(list: PageRun[], pid: number, page: number, count: number): void {
  const last = list.at(-1);
  if (last !== undefined && last.pid === pid && last.page + last.count === page) last.count += count;
  else list.push({ pid, page, count });
}

/** The pages of the runs that a set does not hold. */
export function without(runs: readonly PageRun[], set: Pick<PageSet, 'has'>): PageRun[] {
  const left: PageRun[] = [];
  for (const { pid, page, count } of runs) {
    for (let offset = 0; offset < count; offset += 1)
      if (!set.has(pid, page + offset)) addRun(left, pid, page + offset, 1);
  }
  return left;
}

/** A run cut into pieces of at most so many pages. */
export function pieces({ pid, page, count }: PageRun, atOnce: number): PageRun[] {
  return Array.from({ length: Math.ceil(count / atOnce) }, (_, index) => ({
    pid,
    page: page + index * atOnce,
    count: Math.min(atOnce, count - index * atOnce),
  }));
}
