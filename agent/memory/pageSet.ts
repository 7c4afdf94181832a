import type { PageRun } from './pageStore.ts';
import { makeRunMap, type RunMap } from './runMap.ts';

/** A set of pages of several processes. */
export interface PageSet {
  readonly size: number;
  add(run: PageRun): void;
  has(pid: number, page: number): boolean;
  clear(): void;
  /** Its pages as runs, processes and pages ascending. */
  runs(): PageRun[];
  /** A run cut into parts that it holds wholly or not at all, ascending. */
  divide(run: PageRun): { run: PageRun; isIn: boolean }[];
  /** What of a run it holds, ascending. */
  common(run: PageRun): PageRun[];
  /** What of a run it does not hold, ascending. */
  missing(run: PageRun): PageRun[];
}

const member = -1;

/** @param initial - what it holds to begin with */
export function makePageSet(initial: readonly PageRun[] = []): PageSet {
  const processes = new Map<number, RunMap>();

  function divide(whole: PageRun): { run: PageRun; isIn: boolean }[] {
    const { pid } = whole;
    const pages = processes.get(pid);
    if (pages === undefined) return [{ run: { ...whole }, isIn: false }];
    const parts: { run: PageRun; isIn: boolean }[] = [];
    pages.stretches(whole.page, whole.count, (page, count, value) => {
      parts.push({ run: { pid, page, count }, isIn: value !== undefined });
    });
    return parts;
  }

  const partsOf = (run: PageRun, wanted: boolean) =>
    divide(run).flatMap(({ run: part, isIn }) => (isIn === wanted ? [part] : []));

  const set: PageSet = {
    get size() {
      let size = 0;
      for (const pages of processes.values()) size += pages.size;
      return size;
    },
    add({ pid, page, count }) {
      let pages = processes.get(pid);
      if (pages === undefined) {
        pages = makeRunMap();
        processes.set(pid, pages);
      }
      pages.set(page, count, member);
    },
    has: (pid, page) => processes.get(pid)?.get(page) !== undefined,
    clear: () => processes.clear(),
    runs() {
      const runs: PageRun[] = [];
      for (const [pid, pages] of [...processes].sort(([a], [b]) => a - b))
        pages.each((page, count) => {
          runs.push({ pid, page, count });
        });
      return runs;
    },
    divide,
    common: (run) => partsOf(run, true),
    missing: (run) => partsOf(run, false),
  };
  for (const run of initial) set.add(run);
  return set;
}

/** Adds a run to a list, joined to the last one where it follows it. The list's runs are its own. */
export function addRun(list: PageRun[], pid: number, page: number, count: number): void {
  const last = list.at(-1);
  if (last !== undefined && last.pid === pid && last.page + last.count === page) last.count += count;
  else list.push({ pid, page, count });
}

/** What tells of each page whether it is left out; a set of pages tells it of whole runs. */
export type PageFilter = Pick<PageSet, 'has'> & Partial<Pick<PageSet, 'missing'>>;

/** The pages of the runs that a set does not hold. */
export function without(runs: readonly PageRun[], set: PageFilter): PageRun[] {
  const left: PageRun[] = [];
  if (set.missing !== undefined) {
    for (const run of runs) for (const { pid, page, count } of set.missing(run)) addRun(left, pid, page, count);
    return left;
  }
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
