import test from 'ava';
import { makeDoubts } from '../../../agent/migration/doubts.ts';
import type { TagalongError } from '../../../broker/contract/errors.ts';

test('only what is in doubt can be decided, and only until it is closed', async (t) => {
  const doubts = makeDoubts();
  t.is((t.throws(() => doubts.check('web')) as TagalongError).code, 'not-in-doubt');
  const doubt = doubts.open('web');
  t.notThrows(() => doubts.check('web'));
  doubts.decide('web', 'here');
  t.is(await doubt.decided, 'here');
  doubt.close();
  t.is((t.throws(() => doubts.decide('web', 'there')) as TagalongError).code, 'not-in-doubt');
});

test('a doubt that is closed late does not close the next one', (t) => {
  const doubts = makeDoubts();
  const first = doubts.open('web');
  doubts.open('web');
  first.close();
  t.notThrows(() => doubts.check('web'));
});
