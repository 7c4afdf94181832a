import test from 'ava';
import { columns, failureLines } from '../../../bench/report/columns.ts';
import { compare } from '../../../bench/report/comparison.ts';
import { makeStyle } from '../../../cli/terminal/style.ts';
import { tableLines } from '../../../cli/terminal/table.ts';
import { cell } from './support.ts';

test('a peer is compared with ours under the same conditions only', (t) => {
  const comparisons = compare(
    [
      cell('ours', { memoryMiB: 1, clientGapMs: { p50: 100, min: 100, max: 100 } }),
      cell('peer', { memoryMiB: 1, clientGapMs: { p50: 250, min: 250, max: 250 } }),
      cell('ours', { memoryMiB: 64, clientGapMs: { p50: 1000, min: 1000, max: 1000 } }),
      cell('peer', { memoryMiB: 64, clientGapMs: { p50: 500, min: 500, max: 500 }, totalMs: 2400, sentBytes: 2 ** 25 }),
      cell('peer', { memoryMiB: 64, linkMbps: 100 }),
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
    ],
  );
});

test('the table shows gaps, ratios and how many runs counted', (t) => {
  const cells = [
    cell('ours'),
    cell('peer', { clientGapMs: { p50: 12_345, min: 2000, max: 20_000 }, totalMs: 3600, runs: 4, failures: ['late'] }),
    cell('other', { clientGapMs: null, totalMs: null, sentBytes: null, runs: 0, failures: ['no', 'no'] }),
  ];
  const comparisons = compare(cells, 'ours');
  t.deepEqual(tableLines(columns, comparisons, makeStyle(false)), [
    'memory  link  contestant  client gap, median (min-max)  ratio           total           sent  runs',
    '64 MiB  free  ours        500 ms (400-900)                  -         1200 ms         64 MiB   5/5',
    '64 MiB  free  peer        12.3 s (2000-20000)           24.7x  3600 ms (3.0x)  64 MiB (1.0x)   4/5',
    '64 MiB  free  other       failed                            -               -              -   0/2',
  ]);
  t.deepEqual(failureLines(comparisons), ['peer, 64 MiB, free: late', 'other, 64 MiB, free: no']);
});
