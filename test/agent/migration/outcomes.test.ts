import test from 'ava';
import { openOutcomes } from '../../../agent/migration/outcomes.ts';
import { temporary } from '../memory/support/temporary.ts';

const outcome = (of: 'committed' | 'aborted') => ({ migration: 'm1', container: 'web', outcome: of });

test('the first outcome holds, also after a restart', async (t) => {
  const directory = temporary(t);
  const outcomes = await openOutcomes(directory);
  t.is(await outcomes.get('m1'), undefined);
  t.deepEqual(await outcomes.settle(outcome('aborted')), outcome('aborted'));
  t.deepEqual(await outcomes.settle(outcome('committed')), outcome('aborted'));
  t.deepEqual(await (await openOutcomes(directory)).settle(outcome('committed')), outcome('aborted'));
});

test('a commit and an abort that come at once are told the same', async (t) => {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const outcomes = await openOutcomes(temporary(t));
    const told = await Promise.all([outcomes.settle(outcome('committed')), outcomes.settle(outcome('aborted'))]);
    t.is(told[0].outcome, told[1].outcome);
    t.deepEqual(await outcomes.get('m1'), told[0]);
  }
});
