import { addRun, makePageSet, without } from '../memory/pageSet.ts';
import type { PageRun } from '../memory/pageStore.ts';

/**
 * Which pages a restored process gets before it goes on, of those that could come later: what it most likely needs at once,
 * since each page that it then waits for lengthens the pause that its clients see. Pure.
 *
 * First what is told, then small runs before large ones: stacks, the data of libraries and the state of allocators lie in
 * small ones, what a program holds in large ones.
 *
 * @param candidates - runs of pages that could come later
 * @param isHere - whether a page is here as it was when the process was frozen
 * @param likely - pages that are told to be needed, the likeliest first
 */
export function eagerPages(
  candidates: readonly PageRun[],
  isHere: (pid: number, page: number) => boolean,
  likely: readonly PageRun[],
  mostPages: number,
): PageRun[] {
  const canWait = makePageSet(candidates);
  const chosen = makePageSet();
  const isMissing = { has: (pid: number, page: number) => !isHere(pid, page) || chosen.has(pid, page) };

  function take(run: PageRun): void {
    for (const piece of without([run], isMissing)) {
      const count = Math.min(piece.count, mostPages - chosen.size);
      if (count > 0) chosen.add({ ...piece, count });
    }
  }

  for (const run of likely) for (const part of canWait.common(run)) take(part);
  for (const run of joined(candidates).sort((a, b) => a.count - b.count)) {
    // a part of a large run is as likely the wrong one
    if (run.count > mostPages - chosen.size) break;
    take(run);
  }
  return chosen.runs();
}

/** CRIU cuts long runs into pieces, so that their length tells nothing. */
function joined(runs: readonly PageRun[]): PageRun[] {
  const whole: PageRun[] = [];
  for (const { pid, page, count } of runs) addRun(whole, pid, page, count);
  return whole;
}
