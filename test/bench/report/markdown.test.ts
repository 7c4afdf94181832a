import test from 'ava';
import { claimsOf } from '../../../bench/report/claims.ts';
import type { BenchmarkDocument } from '../../../bench/report/document.ts';
import { lostCells } from '../../../bench/report/lost.ts';
import { markdownPage, markdownTable } from '../../../bench/report/markdown.ts';
import type { Cell } from '../../../bench/report/runs.ts';
import { cell, emptyCell, gap } from './support.ts';

test('a table of Markdown has a cell for each column, and a bar in a text does not end one', (t) => {
  const table = markdownTable<{ name: string; count?: number }>(
    [
      { heading: 'name', cell: ({ name }) => name },
      { heading: 'count', align: 'right', cell: ({ count }) => count?.toString() },
    ],
    [{ name: 'a | b', count: 2 }, { name: 'c\nd' }],
  );
  t.deepEqual(table, ['| name | count |', '| --- | ---: |', '| a \\| b | 2 |', '| c d | - |']);
});

function documentOf(cells: Cell[]): BenchmarkDocument {
  return {
    cells,
    claims: claimsOf(cells),
    lostCells: lostCells(cells),
    notes: ['The kernel has no netem.'],
    machine: { cpuModel: 'Some CPU', cpuCount: 2, memoryBytes: 2 ** 33, kernel: '6.1.0', architecture: 'x64' },
    versions: { runC: '1.3.0' },
    command: 'npm run bench -- migration',
    startedAt: '2030-01-02T03:04:05.000Z',
    durationMs: 61_000,
  };
}

test('the page says where, when and how, what is claimed, and tells failures', (t) => {
  const cells = [
    cell('tagalong-auto', { phasesMs: { freezing: 12 }, phasesBytes: { freezing: 2048 }, agentMemoryBytes: 2 ** 27 }),
    cell('podman', { clientGapMs: gap(450) }),
    emptyCell('recipe-hybrid', { failures: ['no soft-dirty'], refused: true }),
  ];
  const page = markdownPage(documentOf(cells), 'tagalong-auto', 'benchmark.svg');
  for (const part of [
    '2030-01-02',
    '2 x Some CPU (x64)',
    '8 GiB',
    'Linux 6.1.0',
    'runC 1.3.0',
    '\nnpm run bench -- migration\n',
    '- The kernel has no netem.\n',
    '](benchmark.svg)',
    '| 64 MiB | 0 MB/s | free | tagalong-auto | cold | 500 ms (400-900) |',
    '| does not hold | 0/1 | 64 MiB, 0 MB/s dirty, free: tagalong-auto 500 ms, podman 450 ms |',
    '- 64 MiB, 0 MB/s dirty, free: tagalong-auto 500 ms, podman 450 ms; the spreads of the runs overlap. It chose cold',
    '- recipe-hybrid: no soft-dirty (once: 64 MiB, 0 MB/s dirty, free)',
    '| 64 MiB | 0 MB/s | free | tagalong-auto | freezing 12 ms 2 KiB |',
    '| 128 MiB |',
  ]) {
    t.true(page.includes(part), part);
  }
});

test('a page on which nothing is lost says so, and one without the chooser says nothing of it', (t) => {
  const won = [cell('tagalong-auto'), cell('podman', { clientGapMs: gap(900) })];
  t.regex(markdownPage(documentOf(won), 'tagalong-auto'), /## Cells that are lost\n\nNone:/);
  t.notRegex(markdownPage(documentOf([cell('podman')]), 'tagalong-auto'), /Cells that are lost/);
});
