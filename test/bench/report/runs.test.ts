import test from 'ava';
import { cellsOf } from '../../../bench/report/runs.ts';
import { failed, measured, run } from './support.ts';

test('the runs of one contestant under one condition become one cell, of the shape that programs read', (t) => {
  const cells = cellsOf([
    run('ours', 64, measured(300.04, 1000, 70_000_001, { freezing: 20, switching: 200 })),
    run('ours', 64, measured(200, 900, 70_000_003, { freezing: 40, switching: 100 })),
    run('ours', 64, measured(900, 1100, 70_000_002, { freezing: 30, switching: 300 })),
  ]);
  t.deepEqual(cells, [
    {
      memoryMiB: 64,
      dirtyMBps: 0,
      linkMbps: null,
      contestant: 'ours',
      technique: 'cold',
      clientGapMs: { p50: 300, min: 200, max: 900 },
      totalMs: 1000,
      sentBytes: 70_000_002,
      runs: 3,
      phasesMs: { freezing: 30, switching: 200 },
      failures: [],
    },
  ]);
});

test('a failed run is told and does not count', (t) => {
  const [cell, ...others] = cellsOf([run('peer', 1, failed('no way')), run('peer', 1, measured(10, 20, 30))]);
  t.is(others.length, 0);
  t.like(cell, { runs: 1, clientGapMs: { p50: 10, min: 10, max: 10 }, failures: ['no way'] });
});

test('a cell in which every run failed stays, without numbers', (t) => {
  const [cell] = cellsOf([run('peer', 1, failed('no way')), run('peer', 1, failed('nor this'))]);
  t.like(cell, { runs: 0, clientGapMs: null, totalMs: null, sentBytes: null, failures: ['no way', 'nor this'] });
});

test('runs that took turns come out by condition, then by contestant', (t) => {
  const outcome = measured(1, 2, 3);
  const cells = cellsOf([
    ...[1, 2].flatMap(() => [run('ours', 1, outcome), run('peer', 1, outcome)]),
    ...[1, 2].flatMap(() => [run('ours', 256, outcome), run('peer', 256, outcome)]),
    run('ours', 256, outcome, 100),
  ]);
  t.deepEqual(
    cells.map(({ contestant, memoryMiB, linkMbps, runs }) => [contestant, memoryMiB, linkMbps, runs]),
    [
      ['ours', 1, null, 2],
      ['peer', 1, null, 2],
      ['ours', 256, null, 2],
      ['peer', 256, null, 2],
      ['ours', 256, 100, 1],
    ],
  );
});
