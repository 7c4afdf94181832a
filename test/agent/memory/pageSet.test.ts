import test from 'ava';
import fc from 'fast-check';
import { makePageSet, without } from '../../../agent/memory/pageSet.ts';
import { arbitraryRun, keysOf } from './support/pages.ts';

test('it holds what a set of pages would', (t) => {
  fc.assert(
    fc.property(fc.array(arbitraryRun), (runs) => {
      const set = makePageSet();
      const plain = new Set(runs.flatMap(keysOf));
      for (const run of runs) set.add(run);
      t.is(set.size, plain.size);
      t.deepEqual(set.runs().flatMap(keysOf).sort(), [...plain].sort());
      for (const pid of [1, 7])
        for (let page = 0; page < 60; page += 1) t.is(set.has(pid, page), plain.has(`${pid}/${page}`));
      set.clear();
      t.is(set.size, 0);
      t.deepEqual(set.runs(), []);
    }),
  );
});

test('its runs ascend, and no two of them touch', (t) => {
  fc.assert(
    fc.property(fc.array(arbitraryRun), (runs) => {
      const set = makePageSet();
      for (const run of runs) set.add(run);
      const found = set.runs();
      for (const [index, run] of found.entries()) {
        const next = found[index + 1];
        if (next !== undefined)
          t.true(run.pid < next.pid || (run.pid === next.pid && run.page + run.count < next.page));
      }
    }),
  );
});

test('what is left without a set is a difference of sets, in the same order', (t) => {
  fc.assert(
    fc.property(fc.array(arbitraryRun), fc.array(arbitraryRun), (runs, others) => {
      const set = makePageSet();
      for (const run of others) set.add(run);
      const taken = new Set(others.flatMap(keysOf));
      t.deepEqual(
        without(runs, set).flatMap(keysOf),
        runs.flatMap(keysOf).filter((key) => !taken.has(key)),
      );
    }),
  );
});
