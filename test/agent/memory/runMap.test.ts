import test from 'ava';
import fc from 'fast-check';
import { makeRunMap } from '../../../agent/memory/runMap.ts';

const span = { page: fc.nat(30), count: fc.integer({ min: 1, max: 12 }) };
const arbitraryAction = fc.oneof(
  { weight: 3, arbitrary: fc.record({ ...span, value: fc.oneof(fc.constantFrom(-1, -2), fc.nat(40)) }) },
  { weight: 1, arbitrary: fc.record({ ...span, value: fc.constant(undefined) }) },
);

test('it holds what a map of pages would, and its runs are as few as can be', (t) => {
  fc.assert(
    fc.property(fc.array(arbitraryAction, { maxLength: 60 }), (actions) => {
      const map = makeRunMap();
      const plain = new Map<number, number>();
      for (const { page, count, value } of actions) {
        if (value === undefined) map.delete(page, count);
        else map.set(page, count, value);
        for (let offset = 0; offset < count; offset += 1) {
          if (value === undefined) plain.delete(page + offset);
          else plain.set(page + offset, value < 0 ? value : value + offset);
        }
        t.is(map.size, plain.size);
        for (let at = 0; at < 50; at += 1) t.is(map.get(at), plain.get(at));
      }
      const runs: [number, number, number][] = [];
      map.each((...run) => {
        runs.push(run);
      });
      t.is(
        runs.reduce((sum, [, count]) => sum + count, 0),
        plain.size,
      );
      for (const [index, [page, count, value]] of runs.entries()) {
        const next = runs[index + 1];
        if (next === undefined) continue;
        t.true(next[0] >= page + count);
        const continued = value < 0 ? value : value + count;
        t.false(next[0] === page + count && next[2] === continued, 'two runs that are one');
      }
    }),
  );
});

test('stretches cover what is asked for, in order, with what is not there as well', (t) => {
  fc.assert(
    fc.property(
      fc.array(arbitraryAction, { maxLength: 20 }),
      fc.nat(40),
      fc.integer({ min: 1, max: 20 }),
      (actions, from, count) => {
        const map = makeRunMap();
        for (const { page, count: pages, value } of actions) {
          if (value === undefined) map.delete(page, pages);
          else map.set(page, pages, value);
        }
        let at = from;
        map.stretches(from, count, (page, pages, value) => {
          t.is(page, at);
          t.true(pages > 0);
          for (let offset = 0; offset < pages; offset += 1)
            t.is(map.get(page + offset), value === undefined || value < 0 ? value : value + offset);
          at += pages;
        });
        t.is(at, from + count);
      },
    ),
  );
});

test('what is done to it while its stretches are told changes nothing about them', (t) => {
  const map = makeRunMap();
  for (const page of [0, 10, 20, 30]) map.set(page, 3, page);
  const told: number[] = [];
  map.stretches(0, 40, (page, count, value) => {
    told.push(page);
    if (value === undefined) map.set(page, count, 100 + page);
  });
  t.deepEqual(told, [0, 3, 10, 13, 20, 23, 30, 33]);
  t.is(map.size, 40);
});

test('very many scattered pages take no long time', (t) => {
  const map = makeRunMap();
  for (let page = 0; page < 200_000; page += 2) map.set(page, 1, -1);
  t.is(map.size, 100_000);
  for (let page = 1; page < 200_000; page += 2) map.set(page, 1, -1);
  t.is(map.size, 200_000);
  let runs = 0;
  map.each(() => {
    runs += 1;
  });
  t.is(runs, 1);
});
