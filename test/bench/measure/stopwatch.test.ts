import test from 'ava';
import { makeStopwatch } from '../../../bench/measure/stopwatch.ts';

test('phases are kept in order, and one that comes again is added up', async (t) => {
  const instants = [0, 100, 100, 130.04, 200, 205];
  const { time, phasesMs } = makeStopwatch(() => instants.shift() ?? Number.NaN);
  t.is(await time('checkpoint', async () => 'said'), 'said');
  await time('switch', async () => undefined);
  await time('switch', async () => undefined);
  t.deepEqual(Object.entries(phasesMs()), [
    ['checkpoint', 100],
    ['switch', 35],
  ]);
});

test('a phase that fails is timed too', async (t) => {
  const instants = [0, 7];
  const { time, phasesMs } = makeStopwatch(() => instants.shift() ?? Number.NaN);
  await t.throwsAsync(
    time('restore', async () => {
      throw new Error('no');
    }),
  );
  t.deepEqual(phasesMs(), { restore: 7 });
});
