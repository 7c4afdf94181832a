import test from 'ava';
import fc from 'fast-check';
import { median, ratio, summarise } from '../../../bench/measure/summary.ts';

test('the median of an odd number of values is the middle one', (t) => {
  t.is(median([9, 1, 5]), 5);
  t.is(median([100, 20, 3]), 20); // by number, not by text
});

test('the median of an even number of values is the mean of the two in the middle', (t) => {
  t.is(median([1, 2, 4, 100]), 3);
});

test('no values have no median', (t) => {
  t.is(median([]), undefined);
  t.is(summarise([]), undefined);
});

test('a summary lies between its extremes, whatever the order', (t) => {
  const values = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(values, (given) => {
      const summary = summarise(given);
      const again = summarise(given.toReversed());
      return (
        summary !== undefined &&
        summary.min <= summary.p50 &&
        summary.p50 <= summary.max &&
        again?.p50 === summary.p50 &&
        given.filter((value) => value < summary.p50).length <= given.length / 2 &&
        given.filter((value) => value > summary.p50).length <= given.length / 2
      );
    }),
  );
  t.pass();
});

test('a summary leaves the values as they were', (t) => {
  const values = [3, 1, 2];
  summarise(values);
  t.deepEqual(values, [3, 1, 2]);
});

test('a ratio says how many times as much the peer needs', (t) => {
  t.is(ratio(300, 100), 3);
  t.is(ratio(undefined, 100), undefined);
  t.is(ratio(300, undefined), undefined);
  t.is(ratio(300, 0), undefined);
});
