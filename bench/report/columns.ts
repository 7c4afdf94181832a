import { bytesText } from '../../cli/terminal/quantities.ts';
import type { Column } from '../../cli/terminal/table.ts';
import type { Comparison } from './comparison.ts';
import type { Cell } from './runs.ts';

const ms = (value: number) => (value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`);
const times = (value: number | undefined) => (value === undefined ? '' : ` (${value.toFixed(1)}x)`);

function linkText({ linkMbps }: Cell): string {
  return linkMbps === null ? 'free' : `${linkMbps} Mbit/s`;
}

function gapText({ cell: { clientGapMs } }: Comparison): string | undefined {
  if (clientGapMs === null) return 'failed';
  const { p50, min, max } = clientGapMs;
  return min === max ? ms(p50) : `${ms(p50)} (${Math.round(min)}-${Math.round(max)})`;
}

export const memoryColumn: Column<Comparison> = {
  heading: 'memory',
  align: 'right',
  cell: ({ cell }) => `${cell.memoryMiB} MiB`,
};
export const linkColumn: Column<Comparison> = { heading: 'link', align: 'right', cell: ({ cell }) => linkText(cell) };

/** The columns of the result, the same at a terminal and in Markdown. In brackets: how many times as much as ours. */
export const columns: readonly Column<Comparison>[] = [
  memoryColumn,
  linkColumn,
  { heading: 'contestant', cell: ({ cell }) => cell.contestant, paint: () => 'name' },
  {
    heading: 'client gap, median (min-max)',
    cell: gapText,
    paint: ({ cell }) => (cell.clientGapMs === null ? 'bad' : undefined),
  },
  {
    heading: 'ratio',
    align: 'right',
    cell: ({ gapRatio }) => (gapRatio === undefined ? undefined : `${gapRatio.toFixed(1)}x`),
  },
  {
    heading: 'total',
    align: 'right',
    cell: ({ cell, totalRatio }) => (cell.totalMs === null ? undefined : ms(cell.totalMs) + times(totalRatio)),
  },
  {
    heading: 'sent',
    align: 'right',
    cell: ({ cell, bytesRatio }) =>
      cell.sentBytes === null ? undefined : bytesText(cell.sentBytes) + times(bytesRatio),
  },
  { heading: 'runs', align: 'right', cell: ({ cell }) => `${cell.runs}/${cell.runs + cell.failures.length}` },
];

/** One line for each way in which runs failed. */
export function failureLines(comparisons: readonly Comparison[]): string[] {
  return comparisons.flatMap(({ cell }) =>
    [...new Set(cell.failures)].map(
      (reason) => `${cell.contestant}, ${cell.memoryMiB} MiB, ${linkText(cell)}: ${reason}`,
    ),
  );
}
