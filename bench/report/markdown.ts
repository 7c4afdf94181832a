import { bytesText, durationText } from '../../cli/terminal/quantities.ts';
import type { Column } from '../../cli/terminal/table.ts';
import type { Claim } from './claims.ts';
import { agentColumns, columns, conditionColumns, failureLines } from './columns.ts';
import { type Comparison, compare } from './comparison.ts';
import { conditionsText, msText } from './conditionsText.ts';
import type { BenchmarkDocument } from './document.ts';
import type { LostCell } from './lost.ts';
import { method, weaknesses } from './method.ts';

const escaped = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');

/** Rows as a table of GitHub Flavored Markdown (section 4.10). */
export function markdownTable<Row>(columnsOfTable: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(columnsOfTable.map(({ heading }) => heading)),
    line(columnsOfTable.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...rows.map((row) => line(columnsOfTable.map(({ cell }) => escaped(cell(row) || '-')))),
  ];
}

/** A heading with what is below it, and nothing where there is nothing below it. */
function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`## ${heading}`, '', ...lines, ''];
}

const mostFigures = 4;

function someOf(figures: readonly string[]): string {
  const more = figures.length - mostFigures;
  return [...figures.slice(0, mostFigures), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function claimLines(claims: readonly Claim[]): string[] {
  const claimColumns: Column<Claim>[] = [
    { heading: 'claim', cell: ({ claim }) => claim },
    { heading: 'verdict', cell: ({ verdict }) => verdict },
    { heading: 'cells', align: 'right', cell: ({ held, compared }) => (compared === 0 ? '' : `${held}/${compared}`) },
    { heading: 'figures (where it holds least, else the closest)', cell: ({ figures }) => someOf(figures) },
  ];
  return claims.length === 0 ? [] : markdownTable(claimColumns, claims);
}

function lostLine(lost: LostCell): string {
  const { best, bestGapMs, autoGapMs, spreadsOverlap, why } = lost;
  const overlap = spreadsOverlap ? '; the spreads of the runs overlap' : '';
  return `- ${conditionsText(lost)}: tagalong-auto ${msText(autoGapMs)}, ${best} ${msText(bestGapMs)}${overlap}. It ${escaped(why)}.`;
}

function lostLines({ lostCells, cells }: BenchmarkDocument): string[] {
  if (!cells.some(({ contestant, runs }) => contestant === 'tagalong-auto' && runs > 0)) return [];
  if (lostCells.length === 0) return ['None: `tagalong-auto` has the shortest median silence in each cell.'];
  return [
    'Compared with all that get the same order and nothing before it. The reason is what the agent said when it chose.',
    '',
    ...lostCells.map(lostLine),
  ];
}

function phaseLines(comparisons: readonly Comparison[]): string[] {
  const rows = comparisons.filter(({ cell }) => cell.runs > 0);
  const phasesColumns: Column<Comparison>[] = [
    ...conditionColumns,
    {
      heading: 'median of each phase',
      cell: ({ cell }) =>
        Object.entries(cell.phasesMs)
          .map(([phase, ms]) => {
            const bytes = cell.phasesBytes[phase] ?? 0;
            return `${phase} ${durationText(ms)}${bytes === 0 ? '' : ` ${bytesText(bytes)}`}`;
          })
          .join(', '),
    },
  ];
  return rows.length === 0 ? [] : markdownTable(phasesColumns, rows);
}

function agentLines(comparisons: readonly Comparison[]): string[] {
  const rows = comparisons.filter(({ cell }) => cell.agentMemoryBytes !== null);
  return rows.length === 0 ? [] : markdownTable(agentColumns, rows);
}

/**
 * A page with the tables, where and how they were measured, and what is weak about them.
 *
 * @param own - the contestant that others are compared with
 * @param picture - the plot's place as seen from the page; undefined where there is none
 */
export function markdownPage(document: BenchmarkDocument, own: string, picture?: string): string {
  const comparisons = compare(document.cells, own);
  const { machine, versions, claims, notes } = document;
  const cpu = `${machine.cpuCount} x ${machine.cpuModel} (${machine.architecture})`;
  return [
    '# Benchmark: migration',
    '',
    `Measured ${document.startedAt.slice(0, 10)} in ${durationText(document.durationMs)} on ${cpu}, ${bytesText(machine.memoryBytes)} memory, Linux ${machine.kernel};`,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    '',
    '```sh',
    document.command,
    '```',
    '',
    ...(notes.length === 0 ? [] : [...notes.map((note) => `- ${escaped(note)}`), '']),
    ...(picture === undefined ? [] : [`![longest silence that a client saw, by contestant](${picture})`, '']),
    ...section('What is claimed', claimLines(claims)),
    ...section('Cells that are lost', lostLines(document)),
    ...section('All cells', markdownTable(columns, comparisons)),
    ...section(
      'Failed and refused runs',
      failureLines(comparisons).map((line) => `- ${escaped(line)}`),
    ),
    ...section('Where time and bytes go', phaseLines(comparisons)),
    ...section('What the agents need', agentLines(comparisons)),
    method,
    '',
    weaknesses,
    '',
  ].join('\n');
}
