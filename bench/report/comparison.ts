import { ratio } from '../measure/summary.ts';
import { type Cell, conditionsKey } from './runs.ts';

/** A cell beside ours under the same conditions: how many times as much it needs. Above 1 is worse. */
export interface Comparison {
  cell: Cell;
  gapRatio: number | undefined;
  totalRatio: number | undefined;
  bytesRatio: number | undefined;
}

/**
 * @param own - name of our contestant; its own ratios, and those where it is missing, are undefined
 */
export function compare(cells: readonly Cell[], own: string): Comparison[] {
  return cells.map((cell) => {
    const same = (candidate: Cell) => candidate.contestant === own && conditionsKey(candidate) === conditionsKey(cell);
    const ours = cells.find(same);
    if (ours === undefined || cell.contestant === own) {
      return { cell, gapRatio: undefined, totalRatio: undefined, bytesRatio: undefined };
    }
    return {
      cell,
      gapRatio: ratio(cell.clientGapMs?.p50, ours.clientGapMs?.p50),
      totalRatio: ratio(cell.totalMs ?? undefined, ours.totalMs ?? undefined),
      bytesRatio: ratio(cell.sentBytes ?? undefined, ours.sentBytes ?? undefined),
    };
  });
}
