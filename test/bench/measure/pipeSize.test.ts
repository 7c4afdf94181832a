import test from 'ava';
import { mayExceedLimits } from '../../../bench/measure/pipeSize.ts';

test('root with and without the capability', (t) => {
  t.true(mayExceedLimits('Name:\tnode\nCapEff:\t000001ffffffffff\n'));
  t.false(mayExceedLimits('Name:\tnode\nCapEff:\t000001fffeffffff\n'));
  t.false(mayExceedLimits('Name:\tnode\n'));
});
