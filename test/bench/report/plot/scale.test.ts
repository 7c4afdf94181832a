import test from 'ava';
import { logScale } from '../../../../bench/report/plot/scale.ts';

test('the axis is of whole decades around the values, and even by factors', (t) => {
  const { at, ticks } = logScale([25, 4000]);
  t.deepEqual(ticks, [10, 100, 1000, 10_000]);
  t.is(at(10), 0);
  t.is(at(10_000), 1);
  t.true(Math.abs(at(100) - 1 / 3) < 1e-9);
  t.true(Math.abs(at(200) - at(100) - (at(2000) - at(1000))) < 1e-9);
});

test('values outside are put to the ends; one decade is the least', (t) => {
  const { at, ticks } = logScale([100]);
  t.deepEqual(ticks, [100, 1000]);
  t.is(at(1), 0);
  t.is(at(0), 0);
  t.is(at(1e9), 1);
  t.deepEqual(logScale([]).ticks, [1, 10]);
});
