import test from 'ava';
import { makePageSet } from '../../../agent/memory/pageSet.ts';
import { makeRunIndex } from '../../../agent/memory/runIndex.ts';

const run = (pid: number, page: number, count: number) => ({ pid, page, count });
const index = makeRunIndex([run(1, 20, 5), run(1, 4, 2), run(2, 0, 100), run(1, 10, 1)]);

test('what a run has in common with the index is found, ascending, of its own process alone', (t) => {
  t.deepEqual(index.common(run(1, 0, 100)), [run(1, 4, 2), run(1, 10, 1), run(1, 20, 5)]);
  t.deepEqual(index.common(run(1, 5, 16)), [run(1, 5, 1), run(1, 10, 1), run(1, 20, 1)]);
  t.deepEqual(index.common(run(2, 50, 100)), [run(2, 50, 50)]);
  t.deepEqual(index.common(run(1, 6, 4)), []);
  t.deepEqual(index.common(run(3, 0, 10)), []);
});

test('a run is divided at the borders of the index', (t) => {
  t.deepEqual(index.divide(run(1, 5, 7)), [
    { run: run(1, 5, 1), isIn: true },
    { run: run(1, 6, 4), isIn: false },
    { run: run(1, 10, 1), isIn: true },
    { run: run(1, 11, 1), isIn: false },
  ]);
  t.deepEqual(index.divide(run(2, 1, 3)), [{ run: run(2, 1, 3), isIn: true }]);
  t.deepEqual(index.divide(run(3, 1, 3)), [{ run: run(3, 1, 3), isIn: false }]);
});

test('page by page it says the same as a set', (t) => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  for (let round = 0; round < 200; round += 1) {
    const set = makePageSet();
    for (let count = random(6); count > 0; count -= 1) set.add(run(1 + random(2), random(40), 1 + random(6)));
    const of = makeRunIndex(set.runs());
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
