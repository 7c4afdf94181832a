import type { PageRun } from './pageStore.ts';

/** Runs of pages, looked up by place: for memory of which not every page is to be looked at. */
export interface RunIndex {
  /** What a run has in common with the runs of the index, ascending. */
  common(run: PageRun): PageRun[];
  /** A run cut into parts that lie in the index wholly or not at all, ascending. */
  divide(run: PageRun): { run: PageRun; isIn: boolean }[];
}

/** @param runs - do not overlap each other */
export function makeRunIndex(runs: readonly PageRun[]): RunIndex {
  const ofProcess = new Map<number, PageRun[]>();
  for (const run of runs) {
    const own = ofProcess.get(run.pid);
    if (own === undefined) ofProcess.set(run.pid, [run]);
    else own.push(run);
  }
  for (const own of ofProcess.values()) own.sort((a, b) => a.page - b.page);

  function common({ pid, page, count }: PageRun): PageRun[] {
    const own = ofProcess.get(pid) ?? [];
    const found: PageRun[] = [];
    for (let index = firstEndingBehind(own, page); index < own.length; index += 1) {
      const other = own[index] as PageRun;
      if (other.page >= page + count) break;
      const first = Math.max(page, other.page);
      found.push({ pid, page: first, count: Math.min(page + count, other.page + other.count) - first });
    }
    return found;
  }

  return {
    common,
    divide(run) {
      const parts: { run: PageRun; isIn: boolean }[] = [];
      let at = run.page;
      const upTo = (page: number, isIn: boolean) => {
        if (page > at) parts.push({ run: { pid: run.pid, page: at, count: page - at }, isIn });
        at = page;
      };
      for (const { page, count } of common(run)) {
        upTo(page, false);
        upTo(page + count, true);
      }
      upTo(run.page + run.count, false);
      return parts;
    },
  };
}

/** The index of the first of ascending runs that ends behind a page. */
function firstEndingBehind(runs: readonly PageRun[], page: number): number {
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { page: first, count } = runs[middle] as PageRun;
    if (first + count > page) high = middle;
    else low = middle + 1;
  }
  return low;
}
