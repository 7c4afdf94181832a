import test from 'ava';
import fc from 'fast-check';
import { openPageStore, type PageRun } from '../../../agent/memory/pageStore.ts';
import { scan } from '../../../agent/memory/scan.ts';
import { pageBytes } from './support/pages.ts';
import { temporary } from './support/temporary.ts';

const pageOf = (value: number) => Buffer.alloc(pageBytes, value);
/** Small ones, so that runs are cut. */
const buffers = () => ({ fresh: Buffer.alloc(5 * pageBytes), earlier: Buffer.alloc(5 * pageBytes) });

/** What a comparison told of a page: kind, content, content before. */
type Told = [page: number, kind: string, now?: number | undefined, before?: number | undefined];

function recorder() {
  const told: Told[] = [];
  const each = (run: PageRun, call: (page: number, offset: number) => void) => {
    for (let offset = 0; offset < run.count; offset += 1) call(run.page + offset, offset);
  };
  const visitor = {
    same: (run: PageRun) => each(run, (page) => told.push([page, 'same'])),
    zero: (run: PageRun) => each(run, (page) => told.push([page, 'zero'])),
    async changed(run: PageRun, bytes: Buffer, before: Buffer | undefined) {
      await Promise.resolve(); // the buffers must last so long
      each(run, (page, offset) =>
        told.push([page, 'changed', bytes[offset * pageBytes], before?.[offset * pageBytes]]),
      );
    },
  };
  return { told, visitor };
}

/** Pages as one byte each: what the process has (undefined where it cannot be read), and what the store has. */
const arbitraryPages = fc.array(
  fc.record({
    now: fc.option(fc.nat(2), { nil: undefined, freq: 8 }),
    stored: fc.option(fc.nat(2), { nil: undefined, freq: 2 }),
  }),
  { minLength: 1, maxLength: 40 },
);

test('it tells of every page what a plain comparison would, once and in order', async (t) => {
  const top = temporary(t);
  let count = 0;
  await fc.assert(
    fc.asyncProperty(arbitraryPages, fc.boolean(), async (pages, withStore) => {
      count += 1;
      const store = openPageStore(`${top}/${count}`, pageBytes);
      for (const [page, { stored }] of pages.entries())
        if (stored !== undefined) store.write({ pid: 1, page, count: 1 }, pageOf(stored));
      const read = (page: number, most: number, into: Buffer) => {
        let done = 0;
        for (; done < most && pages[page + done]?.now !== undefined; done += 1)
          pageOf(pages[page + done]?.now ?? 0).copy(into, done * pageBytes);
        return done;
      };
      const { told, visitor } = recorder();
      const run = { pid: 1, page: 0, count: pages.length };
      const bytes = await scan(run, read, withStore ? store : undefined, visitor, buffers(), pageBytes);
      const expected = pages.flatMap(({ now, stored }, page): Told[] => {
        const before = withStore ? stored : undefined;
        if (now === undefined) return [];
        if (now === before) return [[page, 'same']];
        return now === 0 ? [[page, 'zero']] : [[page, 'changed', now, before]];
      });
      t.deepEqual(told, expected);
      t.is(bytes, expected.length * pageBytes);
      store.close();
    }),
    { numRuns: 150 },
  );
});

test('a page that is zero but for its middle is not zero', async (t) => {
  const page = Buffer.alloc(pageBytes);
  page[pageBytes / 2] = 1;
  const { told, visitor } = recorder();
  const read = (_: number, count: number, into: Buffer) => {
    page.copy(into);
    return count;
  };
  await scan({ pid: 1, page: 0, count: 1 }, read, undefined, visitor, buffers(), pageBytes);
  t.deepEqual(told, [[0, 'changed', 0, undefined]]);
});

test('what the visitor throws ends it', async (t) => {
  const read = (_: number, count: number, into: Buffer) => {
    into.fill(1);
    return count;
  };
  const visitor = { ...recorder().visitor, changed: () => Promise.reject(new Error('the link is gone')) };
  await t.throwsAsync(scan({ pid: 1, page: 0, count: 9 }, read, undefined, visitor, buffers(), pageBytes), {
    message: 'the link is gone',
  });
});
