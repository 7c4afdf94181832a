import test from 'ava';
import { cellsOf } from '../../../bench/report/runs.ts';
import { cell, failed, measured, run } from './support.ts';

test('the runs of one contestant under one condition become one cell, of the shape that programs read', (t) => {
  const cells = cellsOf([
    run('ours', 64, measured(300.04, 1000, 70_000_001, { freezing: 20, switching: 200 })),
    run('ours', 64, measured(200, 900, 70_000_003, { freezing: 40, switching: 100 })),
    run('ours', 64, measured(900, 1100, 70_000_002, { freezing: 30, switching: 300 })),
  ]);
  t.deepEqual(cells, [
    cell('ours', {
      clientGapMs: { p50: 300, min: 200, max: 900 },
      totalMs: 1000,
      sentBytes: 70_000_002,
      runs: 3,
      phasesMs: { freezing: 30, switching: 200 },
    }),
  ]);
});

test('what only some contestants tell is summed up from those runs that tell it', (t) => {
  const more = { technique: 'pre-copy', rounds: 2, frozenMs: 80, schedulingGapMs: 4, agentMemoryBytes: 100 };
  const [one] = cellsOf([
    run('auto', 64, measured(90, 1000, 2 ** 30, {}, { ...more, techniqueReason: 'first', agentCpuMs: 500 })),
    run('auto', 64, measured(95, 1000, 2 ** 29, {}, { ...more, techniqueReason: 'last', agentCpuMs: 500 })),
    run('auto', 64, measured(99, 1000, 2 ** 30, {}, { technique: 'cold', frozenMs: 90, agentMemoryBytes: 300 })),
  ]);
  t.like(one, {
    technique: 'pre-copy/cold',
    techniqueReason: 'last',
    rounds: 2,
    frozenMs: { p50: 80, min: 80, max: 90 },
    schedulingGapMs: { p50: 4, min: 4, max: 4 },
    agentMemoryBytes: 300,
    agentCpuMs: 500,
    agentCpuMsPerGiB: 750,
    changedBytes: null,
  });
});

test('a failed run is told and does not count', (t) => {
  const [one, ...others] = cellsOf([run('peer', 1, failed('no way')), run('peer', 1, measured(10, 20, 30))]);
  t.is(others.length, 0);
  t.like(one, { runs: 1, clientGapMs: { p50: 10, min: 10, max: 10 }, failures: ['no way'], refused: false });
});

test('a cell in which every run failed stays, without numbers', (t) => {
  const [one] = cellsOf([run('peer', 1, failed('no way')), run('peer', 1, failed('nor this'))]);
  t.like(one, { runs: 0, clientGapMs: null, totalMs: null, failures: ['no way', 'nor this'], refused: false });
});

test('a contestant that was refused each time is told apart from one that failed', (t) => {
  const refusal = { ...failed('no soft-dirty'), refused: true as const };
  t.true(cellsOf([run('peer', 1, refusal), run('peer', 1, refusal)])[0]?.refused);
  t.false(cellsOf([run('peer', 1, refusal), run('peer', 1, failed('late'))])[0]?.refused);
});

test('runs that took turns come out by condition, then by contestant', (t) => {
  const outcome = measured(1, 2, 3);
  const cells = cellsOf([
    ...[1, 2].flatMap(() => [run('ours', 1, outcome), run('peer', 1, outcome)]),
    ...[1, 2].flatMap(() => [run('ours', 256, outcome), run('peer', 256, outcome)]),
    run('ours', 256, outcome, 100),
    { ...run('ours', 256, outcome, 100), dirtyMBps: 10 },
    { ...run('ours', 256, outcome, 100), rttMs: 18 },
  ]);
  t.deepEqual(
    cells.map(({ contestant, memoryMiB, linkMbps, dirtyMBps, rttMs, runs }) => [
      contestant,
      ...[memoryMiB, linkMbps, dirtyMBps, rttMs, runs],
    ]),
    [
      ['ours', 1, null, 0, 0, 2],
      ['peer', 1, null, 0, 0, 2],
      ['ours', 256, null, 0, 0, 2],
      ['peer', 256, null, 0, 0, 2],
      ['ours', 256, 100, 0, 0, 1],
      ['ours', 256, 100, 10, 0, 1],
      ['ours', 256, 100, 0, 18, 1],
    ],
  );
});
