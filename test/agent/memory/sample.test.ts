import test from 'ava';
import fc from 'fast-check';
import { openPageStore } from '../../../agent/memory/pageStore.ts';
import type { ProcessMemory } from '../../../agent/memory/processMemory.ts';
import { knownPart, sampleOf } from '../../../agent/memory/sample.ts';
import { pageBytes } from './support/pages.ts';
import { temporary } from './support/temporary.ts';

const content = ({ page, count }: { page: number; count: number }, seed: number) =>
  Buffer.concat(Array.from({ length: count }, (_, offset) => Buffer.alloc(pageBytes, `${seed} ${page + offset}`)));

const memoryOf = (pid: number, runs: { page: number; count: number }[]): ProcessMemory => ({
  hostPid: pid,
  pid,
  ownPages: () => runs.map((run) => ({ ...run, untouched: true })),
  read(page, count, into) {
    content({ page, count }, 1).copy(into);
    return count;
  },
  close: () => undefined,
});

test('a sample is spread evenly over all processes and mappings, and no page is in it twice', (t) => {
  const runs = fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(runs, { maxLength: 4 }), fc.integer({ min: 1, max: 300 }), (sizes, atLeast) => {
      const processes = sizes.map((counts, index) =>
        memoryOf(
          index + 1,
          counts.map((count, place) => ({ page: place * 10_000, count })),
        ),
      );
      const { pages, totalPages } = sampleOf(processes, atLeast);
      t.is(
        totalPages,
        sizes.flat().reduce((sum, count) => sum + count, 0),
      );
      t.true(pages.length >= Math.min(atLeast, totalPages) && pages.length <= 2 * atLeast);
      t.is(new Set(pages.map(({ process, page }) => `${process.pid}/${page}`)).size, pages.length);
    }),
  );
});

test('the part that a store has is what it has and what is the same there', (t) => {
  const store = openPageStore(temporary(t), pageBytes);
  const memory = memoryOf(1, [{ page: 100, count: 100 }]);
  const sample = sampleOf([memory], 100);
  t.is(knownPart(sample, store, pageBytes), 0);
  store.write({ pid: 1, page: 100, count: 50 }, content({ page: 100, count: 50 }, 1));
  t.is(knownPart(sample, store, pageBytes), 0.5);
  store.write({ pid: 1, page: 100, count: 20 }, content({ page: 100, count: 20 }, 2));
  t.is(knownPart(sample, store, pageBytes), 0.3);
  t.is(knownPart(sampleOf([], 100), store, pageBytes), 1);
  store.close();
});
