import test from 'ava';
import { makeStopwatch } from '../../../bench/measure/stopwatch.ts';

test('phases are kept in order, and one that comes again is added up, time and bytes', async (t) => {
  const instants = [0, 100, 100, 130.04, 200, 205];
  const counts = [1000, 1500, 1500, 1600, 9000, 9007];
  const { time, phases } = makeStopwatch(
    () => counts.shift() ?? Number.NaN,
    () => instants.shift() ?? Number.NaN,
  );
  t.is(await time('checkpoint', async () => 'said'), 'said');
  await time('switch', async () => undefined);
  await time('switch', async () => undefined);
  const { phasesMs, phasesBytes } = phases();
  t.deepEqual(Object.entries(phasesMs), [
    ['checkpoint', 100],
    ['switch', 35],
  ]);
  t.deepEqual(phasesBytes, { checkpoint: 500, switch: 107 });
});

test('a phase that fails is timed too', async (t) => {
  const instants = [0, 7];
  const { time, phases } = makeStopwatch(
    () => 0,
    () => instants.shift() ?? Number.NaN,
  );
  await t.throwsAsync(
    time('restore', async () => {
      throw new Error('no');
    }),
  );
  t.deepEqual(phases().phasesMs, { restore: 7 });
});
