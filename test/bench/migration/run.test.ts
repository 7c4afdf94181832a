import test from 'ava';
import type { Leg } from '../../../bench/migration/contestant.ts';
import { faultOf, legsUpTo } from '../../../bench/migration/run.ts';

const seen = {
  sent: 10,
  lost: 0,
  duplicated: 0,
  longestSilenceMs: 12,
  connectionSurvived: true,
  memoryIntact: true,
  changedPages: 0,
  rewrittenPages: 0,
};

test('a move is good only if nothing was lost, doubled, broken or changed', (t) => {
  t.is(faultOf(seen), undefined);
  t.regex(faultOf({ ...seen, connectionSurvived: false, problem: 'reset' }) ?? '', /connection: reset/);
  t.regex(faultOf({ ...seen, memoryIntact: false }) ?? '', /memory/);
  t.regex(faultOf({ ...seen, lost: 2 }) ?? '', /2 messages lost/);
  t.regex(faultOf({ ...seen, duplicated: 1 }) ?? '', /1 doubled/);
});

test('moves are made as far as somebody wants to know of them', (t) => {
  const legs = ['there', 'back', 'again'].map(
    (name): Leg => ({ name, technique: 'auto', from: 'ap1', to: 'ap2', move: () => Promise.reject(new Error('no')) }),
  );
  const names = (wanted: string[]) => legsUpTo(legs, wanted).map(({ name }) => name);
  t.deepEqual(names(['there']), ['there']);
  t.deepEqual(names(['back']), ['there', 'back']);
  t.deepEqual(names(['there', 'again']), ['there', 'back', 'again']);
  t.deepEqual(names(['nobody']), []);
});
