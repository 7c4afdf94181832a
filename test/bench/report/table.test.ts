import test from 'ava';
import { columns, failureLines } from '../../../bench/report/columns.ts';
import { compare } from '../../../bench/report/comparison.ts';
import { makeStyle } from '../../../cli/terminal/style.ts';
import { tableLines } from '../../../cli/terminal/table.ts';
import { cell, emptyCell, gap } from './support.ts';

test('a peer is compared with ours under the same conditions only', (t) => {
  const comparisons = compare(
    [
      cell('ours', { memoryMiB: 1, clientGapMs: gap(100) }),
      cell('peer', { memoryMiB: 1, clientGapMs: gap(250) }),
      cell('ours', { clientGapMs: gap(1000) }),
      cell('peer', { clientGapMs: gap(500), totalMs: 2400, sentBytes: 2 ** 25 }),
      cell('peer', { linkMbps: 100 }),
      cell('peer', { dirtyMBps: 1 }),
    ],
    'ours',
  );
  t.deepEqual(
    comparisons.map(({ gapRatio, totalRatio, bytesRatio }) => [gapRatio, totalRatio, bytesRatio]),
    [
      [undefined, undefined, undefined],
      [2.5, 1, 1],
      [undefined, undefined, undefined],
      [0.5, 2, 0.5],
      [undefined, undefined, undefined],
      [undefined, undefined, undefined],
    ],
  );
});

test('the table shows gaps, ratios and how many runs counted', (t) => {
  const cells = [
    cell('ours', { technique: 'hybrid', frozenMs: gap(450) }),
    cell('peer', { clientGapMs: { p50: 12_345, min: 2000, max: 20_000 }, totalMs: 3600, runs: 4, failures: ['late'] }),
    emptyCell('other', { failures: ['no', 'no'] }),
    emptyCell('third', { failures: ['no soft-dirty'], refused: true }),
  ];
  const comparisons = compare(cells, 'ours');
  t.deepEqual(tableLines(columns, comparisons, makeStyle(false)), [
    'memory   dirty  link  contestant  technique  client gap, median (min-max)  ratio  frozen           total           sent  runs',
    '64 MiB  0 MB/s  free  ours        hybrid     500 ms (400-900)                  -  450 ms         1200 ms         64 MiB   5/5',
    '64 MiB  0 MB/s  free  peer        cold       12.3 s (2000-20000)           24.7x       -  3600 ms (3.0x)  64 MiB (1.0x)   4/5',
    '64 MiB  0 MB/s  free  other       cold       failed                            -       -               -              -   0/2',
    '64 MiB  0 MB/s  free  third       cold       refused                           -       -               -              -   0/1',
  ]);
});

test('a failure is told once, with where and how often', (t) => {
  const cells = [
    cell('peer', { failures: ['late'] }),
    emptyCell('other', { failures: ['no', 'no'], linkMbps: 100, rttMs: 18 }),
    emptyCell('other', { failures: ['no'], memoryMiB: 1 }),
    ...[1, 2, 3, 4].map((memoryMiB) => emptyCell('third', { failures: ['never'], memoryMiB })),
  ];
  t.deepEqual(failureLines(compare(cells, 'ours')), [
    'peer: late (once: 64 MiB, 0 MB/s dirty, free)',
    'other: no (3 times: 64 MiB, 0 MB/s dirty, 100 Mbit/s, RTT 18 ms; 1 MiB, 0 MB/s dirty, free)',
    'third: never (4 times: 4 conditions)',
  ]);
});
