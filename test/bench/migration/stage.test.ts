import test from 'ava';
import { isHopeless, rotated } from '../../../bench/migration/stage.ts';
import { failed, measured } from '../report/support.ts';

test('a contestant is given up after two failures in a row', (t) => {
  const good = measured(1, 2, 3);
  const bad = failed('no');
  t.false(isHopeless([]));
  t.false(isHopeless([bad]));
  t.false(isHopeless([bad, good, bad]));
  t.true(isHopeless([good, bad, bad]));
});

test('each turn begins with another one, and all of them take part in it', (t) => {
  const turns = [0, 1, 2, 3, 4].map((by) => rotated(['a', 'b', 'c'], by).join(''));
  t.deepEqual(turns, ['abc', 'bca', 'cab', 'abc', 'bca']);
  t.deepEqual(rotated([], 5), []);
});
