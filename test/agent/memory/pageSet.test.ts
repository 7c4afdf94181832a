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

const run = (pid: number, page: number, count: number) => ({ pid, page, count });
const divided = makePageSet([run(1, 20, 5), run(1, 4, 2), run(2, 0, 100), run(1, 10, 1)]);

test('what a run has in common with a set is found, ascending, of its own process alone', (t) => {
  t.deepEqual(divided.common(run(1, 0, 100)), [run(1, 4, 2), run(1, 10, 1), run(1, 20, 5)]);
  t.deepEqual(divided.common(run(1, 5, 16)), [run(1, 5, 1), run(1, 10, 1), run(1, 20, 1)]);
  t.deepEqual(divided.common(run(2, 50, 100)), [run(2, 50, 50)]);
  t.deepEqual(divided.common(run(1, 6, 4)), []);
  t.deepEqual(divided.common(run(3, 0, 10)), []);
});

test('a run is divided at the borders of a set', (t) => {
  t.deepEqual(divided.divide(run(1, 5, 7)), [
    { run: run(1, 5, 1), isIn: true },
    { run: run(1, 6, 4), isIn: false },
    { run: run(1, 10, 1), isIn: true },
    { run: run(1, 11, 1), isIn: false },
  ]);
  t.deepEqual(divided.divide(run(2, 1, 3)), [{ run: run(2, 1, 3), isIn: true }]);
  t.deepEqual(divided.divide(run(3, 1, 3)), [{ run: run(3, 1, 3), isIn: false }]);
});

test('page by page a divided run says the same as the set', (t) => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  for (let round = 0; round < 200; round += 1) {
    const set = makePageSet();
    for (let count = random(6); count > 0; count -= 1) set.add(run(1 + random(2), random(40), 1 + random(6)));
    const of = makePageSet(set.runs());
    const asked = run(1 + random(2), random(40), 1 + random(20));
    const parts = of.divide(asked);
    const said = parts.flatMap((part) => Array.from({ length: part.run.count }, () => part.isIn));
    const expected = Array.from({ length: asked.count }, (_, offset) => set.has(asked.pid, asked.page + offset));
    t.deepEqual(said, expected);
    t.is(parts[0]?.run.page, asked.page);
    t.deepEqual(
      parts.filter(({ isIn }) => isIn).map((part) => part.run),
      of.common(asked).reduce<ReturnType<typeof run>[]>((joined, part) => {
        const last = joined.at(-1);
        if (last !== undefined && last.page + last.count === part.page) last.count += part.count;
        else joined.push({ ...part });
        return joined;
      }, []),
    );
  }
});
