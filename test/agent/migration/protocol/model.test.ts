import test from 'ava';
import { forbidden, isEnd, mustEnd, type Rules, soundRules, start, stepsOf } from './model.ts';
import { search } from './search.ts';

const walk = (rules: Rules, lazy: boolean) => search(start, stepsOf(rules, lazy), forbidden, isEnd, mustEnd);

for (const lazy of [false, true]) {
  test(`${lazy ? 'pages follow' : 'all goes before the commit'}: never two, never none, and always a way to an end`, (t) => {
    const found = walk(soundRules, lazy);
    t.log(`${found.states} states, ${found.steps} steps`);
    t.deepEqual(found.violation, undefined);
    t.deepEqual(found.stuck, undefined);
    t.true(found.states > 500);
  });
}

/** Each breaks one rule on purpose: the search has to find what comes of it. */
const broken: { title: string; rules: Partial<Rules>; lazy?: boolean; violates: string }[] = [
  {
    title: 'the destination says aborted and does not keep to it',
    rules: { settlesAborts: false },
    violates: 'never two',
  },
  {
    title: 'a source that starts thaws without asking',
    rules: { findOwn: (_isHandedOver, remains) => (remains === 'frozen' ? 'thaw' : 'leave') },
    violates: 'never two',
  },
  { title: 'the source does not note the hand-over', rules: { notesHandOver: false }, violates: 'never two' },
  {
    title: 'the destination lets the processes go before it has written that it does',
    rules: { writesFirst: false },
    violates: 'never twice',
  },
  {
    title: 'the barrier is undone though the commit was written down',
    rules: { passesBarrierAlone: () => false },
    violates: 'never none',
  },
  {
    title: 'the barrier lets the processes go when nobody holds it any more',
    rules: { passesBarrierAlone: () => true },
    violates: 'never two',
  },
  {
    title: 'the frozen processes are ended before all pages are there',
    rules: { keepsPages: false },
    lazy: true,
    violates: 'never without its memory',
  },
];

for (const { title, rules, lazy = false, violates } of broken) {
  test(`the search finds it when ${title}`, (t) => {
    const { violation } = walk({ ...soundRules, ...rules }, lazy);
    t.is(violation?.rule, violates);
    t.log((violation?.trace ?? []).join('; '));
  });
}
