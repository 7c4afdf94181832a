import { bytesText } from '../../cli/terminal/quantities.ts';
import type { Column } from '../../cli/terminal/table.ts';
import type { Summary } from '../measure/summary.ts';
import type { Comparison } from './comparison.ts';
import { conditionsText, linkText, msText } from './conditionsText.ts';

const times = (value: number | undefined) => (value === undefined ? '' : ` (${value.toFixed(1)}x)`);

function spreadText(summary: Summary | null): string | undefined {
  if (summary === null) return undefined;
  const { p50, min, max } = summary;
  return min === max ? msText(p50) : `${msText(p50)} (${Math.round(min)}-${Math.round(max)})`;
}

function gapText({ cell: { clientGapMs, refused } }: Comparison): string | undefined {
  return spreadText(clientGapMs) ?? (refused ? 'refused' : 'failed');
}

export const conditionColumns: readonly Column<Comparison>[] = [
  { heading: 'memory', align: 'right', cell: ({ cell }) => `${cell.memoryMiB} MiB` },
  { heading: 'dirty', align: 'right', cell: ({ cell }) => `${cell.dirtyMBps} MB/s` },
  { heading: 'link', align: 'right', cell: ({ cell }) => linkText(cell) },
  { heading: 'contestant', cell: ({ cell }) => cell.contestant, paint: () => 'name' },
];

/** The columns of the result, the same at a terminal and in Markdown. In brackets: how many times as much as ours. */
export const columns: readonly Column<Comparison>[] = [
  ...conditionColumns,
  { heading: 'technique', cell: ({ cell }) => cell.technique },
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
    heading: 'frozen',
    align: 'right',
    cell: ({ cell }) => (cell.frozenMs === null ? undefined : msText(cell.frozenMs.p50)),
  },
  {
    heading: 'total',
    align: 'right',
    cell: ({ cell, totalRatio }) => (cell.totalMs === null ? undefined : msText(cell.totalMs) + times(totalRatio)),
  },
  {
    heading: 'sent',
    align: 'right',
    cell: ({ cell, bytesRatio }) =>
      cell.sentBytes === null ? undefined : bytesText(cell.sentBytes) + times(bytesRatio),
  },
  { heading: 'runs', align: 'right', cell: ({ cell }) => `${cell.runs}/${cell.runs + cell.failures.length}` },
];

/** What the agents needed, for those contestants that have some. */
export const agentColumns: readonly Column<Comparison>[] = [
  ...conditionColumns,
  { heading: 'rounds', align: 'right', cell: ({ cell }) => cell.rounds?.toString() },
  { heading: 'worst gap in rounds, median (min-max)', cell: ({ cell }) => spreadText(cell.schedulingGapMs) },
  { heading: 'not sent', align: 'right', cell: ({ cell }) => optionalBytes(cell.savedBytes) },
  { heading: 'sent before', align: 'right', cell: ({ cell }) => optionalBytes(cell.preparedBytes) },
  { heading: 'changed', align: 'right', cell: ({ cell }) => optionalBytes(cell.changedBytes) },
  { heading: 'memory of the agent', align: 'right', cell: ({ cell }) => optionalBytes(cell.agentMemoryBytes) },
  { heading: 'of helpers', align: 'right', cell: ({ cell }) => optionalBytes(cell.helpersMemoryBytes) },
  {
    heading: 'processor time',
    align: 'right',
    cell: ({ cell }) => (cell.agentCpuMs === null ? undefined : msText(cell.agentCpuMs)),
  },
  {
    heading: 'per GiB sent',
    align: 'right',
    cell: ({ cell }) => (cell.agentCpuMsPerGiB === null ? undefined : msText(cell.agentCpuMsPerGiB)),
  },
];

function optionalBytes(bytes: number | null): string | undefined {
  return bytes === null ? undefined : bytesText(bytes);
}

/** One line for each way in which runs failed, with all the conditions under which they did. */
export function failureLines(comparisons: readonly Comparison[]): string[] {
  const failures = comparisons.flatMap(({ cell }) =>
    [...new Set(cell.failures)].map((reason) => ({
      what: `${cell.contestant}: ${reason}`,
      count: cell.failures.filter((one) => one === reason).length,
      where: conditionsText(cell),
    })),
  );
  return Object.entries(Object.groupBy(failures, ({ what }) => what)).map(([what, same = []]) => {
    const count = same.reduce((sum, one) => sum + one.count, 0);
    const places = same.length > 3 ? `${same.length} conditions` : same.map(({ where }) => where).join('; ');
    return `${what} (${count === 1 ? 'once' : `${count} times`}: ${places})`;
  });
}
