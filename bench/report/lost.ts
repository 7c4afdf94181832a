import { bytesText } from '../../cli/terminal/quantities.ts';
import { type Cell, type Conditions, conditionsKey } from './runs.ts';

/** Chooses its technique itself: the one that is held to be the best everywhere. */
export const chooser = 'tagalong-auto';

/** Those that get the same order as the chooser does, and nothing before it. */
export function isRival({ contestant }: Cell): boolean {
  return /^(recipe-|podman$|tagalong-(cold|pre-copy|post-copy|hybrid)$)/.test(contestant);
}

/** A cell in which the chooser's median silence is longer than another contestant's. */
export interface LostCell extends Conditions {
  best: string;
  bestGapMs: number;
  autoGapMs: number;
  /** Whether one of the chooser's runs was as good as one of the best contestant's. */
  spreadsOverlap: boolean;
  why: string;
}

/** Cells that were measured under the same conditions. */
export function groupsOf(cells: readonly Cell[]): Cell[][] {
  return Object.values(Object.groupBy(cells, conditionsKey)).map((group = []) => group);
}

/** Which technique was chosen, with what reason, and which phase took most of the frozen time. */
function whyOf(auto: Cell, best: Cell): string {
  const chosen = `chose ${auto.technique}${auto.techniqueReason === null ? '' : ` ("${auto.techniqueReason}")`}`;
  const frozen = ['freezing', 'switching', 'restoring'].map((phase) => ({ phase, ms: auto.phasesMs[phase] ?? 0 }));
  const longest = frozen.reduce((a, b) => (b.ms > a.ms ? b : a));
  const where = `longest part of its pause: ${longest.phase}, ${Math.round(longest.ms)} ms`;
  const sent = `sent ${bytesText(auto.sentBytes ?? 0)}, ${best.contestant} ${bytesText(best.sentBytes ?? 0)}`;
  const same = auto.technique === best.technique && best.contestant.startsWith('tagalong-');
  return [chosen, ...(same ? ['the same technique as the best'] : []), where, sent].join('; ');
}

/** The cells that the chooser loses. */
export function lostCells(cells: readonly Cell[]): LostCell[] {
  return groupsOf(cells).flatMap((group) => {
    const auto = group.find(({ contestant }) => contestant === chooser);
    const rivals = group.filter((cell) => isRival(cell) && cell.clientGapMs !== null);
    const best = rivals.toSorted((a, b) => (a.clientGapMs?.p50 ?? 0) - (b.clientGapMs?.p50 ?? 0))[0];
    if (!auto?.clientGapMs || !best?.clientGapMs || auto.clientGapMs.p50 <= best.clientGapMs.p50) return [];
    const { memoryMiB, dirtyMBps, linkMbps, rttMs } = auto;
    return [
      {
        ...{ memoryMiB, dirtyMBps, linkMbps, rttMs },
        best: best.contestant,
        bestGapMs: best.clientGapMs.p50,
        autoGapMs: auto.clientGapMs.p50,
        spreadsOverlap: auto.clientGapMs.min <= best.clientGapMs.max,
        why: whyOf(auto, best),
      },
    ];
  });
}
