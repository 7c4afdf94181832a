import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type PagemapEntry, readPagemap, writePagemap } from '../../../agent/images/pagemap.ts';
import { openPageStore, type PageRun } from '../../../agent/memory/pageStore.ts';
import { assembleImages, checkPresent } from '../../../agent/migration/assemble.ts';
import type { TagalongError } from '../../../broker/contract/errors.ts';
import { content, pageBytes } from '../memory/support/pages.ts';
import { temporary } from '../memory/support/temporary.ts';

const entry = (page: number, pages: number, kind: 'present' | 'lazy' | 'parent' = 'present'): PagemapEntry => ({
  address: page * pageBytes,
  pages,
  present: kind === 'present',
  lazy: kind !== 'parent',
  inParent: kind === 'parent',
});

function room(top: string, maps: Record<number, PagemapEntry[]>) {
  const images = join(top, 'images');
  mkdirSync(images);
  writeFileSync(join(images, 'core-1.img'), 'core');
  for (const [pid, entries] of Object.entries(maps))
    writeFileSync(join(images, `pagemap-${pid}.img`), writePagemap({ pagesId: Number(pid) + 10, entries }));
  return { images, store: openPageStore(join(top, 'store'), pageBytes) };
}
const everything = (runs: readonly PageRun[]) => runs;
const nothing = () => [];
const runs = (pid: number, ...places: [number, number][]) => places.map(([page, count]) => ({ pid, page, count }));

test('without laziness every page is written, and the images say so', (t) => {
  const { images, store } = room(temporary(t), { 1: [entry(4, 2), entry(9, 3, 'lazy')], 7: [entry(0, 1, 'lazy')] });
  t.teardown(store.close);
  for (const run of [...runs(1, [4, 2], [9, 3]), ...runs(7, [0, 1])]) store.write(run, content(run, run.page + 1));
  const { pages, lazyPages, writePages } = assembleImages(images, store, everything);
  writePages();
  t.deepEqual(pages, [...runs(1, [4, 2], [9, 3]), ...runs(7, [0, 1])]);
  t.deepEqual(lazyPages, []);
  t.deepEqual(
    readFileSync(join(images, 'pages-11.img')),
    Buffer.concat([content({ pid: 1, page: 4, count: 2 }, 5), content({ pid: 1, page: 9, count: 3 }, 10)]),
  );
  const { entries } = readPagemap(readFileSync(join(images, 'pagemap-1.img')));
  t.true(entries.every(({ present, lazy, inParent }) => present && !lazy && !inParent));
  t.is(readFileSync(join(images, 'core-1.img'), 'utf8'), 'core');
});

test('with laziness only what cannot come later is written', (t) => {
  const { images, store } = room(temporary(t), { 1: [entry(4, 2), entry(9, 3, 'lazy'), entry(20, 1)] });
  t.teardown(store.close);
  for (const run of runs(1, [4, 2], [20, 1])) store.write(run, content(run, run.page + 1));
  const { pages, lazyPages, writePages } = assembleImages(images, store, nothing);
  writePages();
  t.deepEqual(pages, runs(1, [4, 2], [9, 3], [20, 1]));
  t.deepEqual(lazyPages, runs(1, [9, 3]));
  const { entries } = readPagemap(readFileSync(join(images, 'pagemap-1.img')));
  t.deepEqual(entries, [{ ...entry(4, 2), lazy: false }, entry(9, 3, 'lazy'), { ...entry(20, 1), lazy: false }]);
  t.deepEqual(
    readFileSync(join(images, 'pages-11.img')),
    Buffer.concat([content({ pid: 1, page: 4, count: 2 }, 5), content({ pid: 1, page: 20, count: 1 }, 21)]),
  );
});

test('what is chosen of that which can come later is written with the rest, in the order of the pagemap', (t) => {
  const { images, store } = room(temporary(t), { 1: [entry(4, 2), entry(9, 6, 'lazy'), entry(20, 1)] });
  t.teardown(store.close);
  for (const run of runs(1, [4, 2], [9, 6], [20, 1])) store.write(run, content(run, run.page + 1));
  const asked: unknown[] = [];
  const { pages, lazyPages, writePages } = assembleImages(images, store, (canWait) => {
    asked.push(canWait);
    return runs(1, [10, 2], [14, 1]);
  });
  t.is(statSync(join(images, 'pages-11.img')).size, 6 * pageBytes, 'the size is there at once');
  writePages();
  t.deepEqual(asked, [runs(1, [9, 6])]);
  t.deepEqual(pages, runs(1, [4, 2], [9, 6], [20, 1]));
  t.deepEqual(lazyPages, runs(1, [9, 1], [12, 2]));
  const { entries } = readPagemap(readFileSync(join(images, 'pagemap-1.img')));
  t.deepEqual(
    entries.map(({ address, pages: count, present, lazy }) => [address / pageBytes, count, present, lazy]),
    [
      [4, 2, true, false],
      [9, 1, false, true],
      [10, 2, true, false],
      [12, 2, false, true],
      [14, 1, true, false],
      [20, 1, true, false],
    ],
  );
  const whole = content({ pid: 1, page: 9, count: 6 }, 10);
  t.deepEqual(
    readFileSync(join(images, 'pages-11.img')),
    Buffer.concat([
      content({ pid: 1, page: 4, count: 2 }, 5),
      whole.subarray(pageBytes, 3 * pageBytes),
      whole.subarray(5 * pageBytes),
      content({ pid: 1, page: 20, count: 1 }, 21),
    ]),
  );
});

for (const [what, entries, lazy] of [
  ['a page that did not arrive', [entry(4, 1)], false],
  ['a page that did not arrive and cannot come later', [entry(4, 1)], true],
  ['pages that are in images of before', [entry(4, 1, 'parent')], true],
  ['half a page', [{ ...entry(4, 1), address: 4 * pageBytes + 1 }], true],
  ['a run of nothing', [entry(4, 0, 'lazy')], true],
  ['more pages than any machine has', [entry(4, 2 ** 40, 'lazy')], true],
] as const) {
  test(`${what} is refused${lazy ? ', also lazily' : ''}`, (t) => {
    const { images, store } = room(temporary(t), { 1: [...entries] });
    t.teardown(store.close);
    const error = t.throws(() => assembleImages(images, store, lazy ? nothing : everything).writePages());
    t.is((error as TagalongError | undefined)?.code, 'bad-image');
    t.true(existsSync(images));
  });
}

test('what is said to be here is looked for', (t) => {
  const store = openPageStore(temporary(t), pageBytes);
  t.teardown(store.close);
  store.zero({ pid: 1, page: 0, count: 10 });
  t.notThrows(() => checkPresent(runs(1, [2, 5], [9, 1]), store));
  const error = t.throws(() => checkPresent(runs(1, [2, 5], [9, 2]), store));
  t.is((error as TagalongError | undefined)?.code, 'bad-image');
});
