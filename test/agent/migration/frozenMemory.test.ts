import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { ByteReader, readHeader } from '../../../agent/channel/records.ts';
import { writePagemap } from '../../../agent/images/pagemap.ts';
import { pageHeaderSchema, runsOf } from '../../../agent/memory/pageRecords.ts';
import { makePageSet } from '../../../agent/memory/pageSet.ts';
import { openPageStore, type PageRun, type PageStore } from '../../../agent/memory/pageStore.ts';
import { openProcessMemory } from '../../../agent/memory/processMemory.ts';
import { type FrozenShare, makeFrozenMemory } from '../../../agent/migration/frozenMemory.ts';
import { takePages } from '../../../agent/migration/takeRound.ts';
import type { TagalongError } from '../../../broker/contract/errors.ts';
import { startChild } from '../memory/support/child.ts';
import { temporary } from '../memory/support/temporary.ts';

const pageBytes = 4096;
const pages = 64;
const never = { worthTrying: () => false, tried: () => undefined };
const always = { worthTrying: () => true, tried: () => undefined };

/**
 * A process that stands still, of whose first half both nodes know something: pages 0 to 15 as they are, 16 to 31 as they
 * were. Of page 40 CRIU has its own notion, which is in its file.
 */
async function room(t: ExecutionContext, share: FrozenShare, choice = never, restoresMeanwhile = false) {
  const directory = temporary(t);
  const child = await startChild(t, pages);
  await child.stop('SIGSTOP');
  const process = openProcessMemory(child.pid, pageBytes);
  if (process === undefined) throw new Error('the process has ended');
  t.teardown(process.close);
  const first = child.address / pageBytes;
  const { pid } = child;
  const run = (page: number, count: number): PageRun => ({ pid, page: first + page, count });
  const [here, there] = ['here', 'there'].map((name) => openPageStore(join(directory, name), pageBytes)) as [
    PageStore,
    PageStore,
  ];
  const asItIs = (page: number, count: number) => {
    const bytes = Buffer.alloc(count * pageBytes);
    process.read(first + page, count, bytes);
    return bytes;
  };
  for (const store of [here, there]) {
    store.write(run(0, 16), asItIs(0, 16));
    store.write(run(16, 16), Buffer.alloc(16 * pageBytes, 0xee));
  }
  const images = join(directory, 'images');
  mkdirSync(images);
  const entry = (page: number, count: number, present: boolean) => ({
    address: (first + page) * pageBytes,
    pages: count,
    present,
    lazy: !present,
    inParent: false,
  });
  writeFileSync(
    join(images, `pagemap-${pid}.img`),
    writePagemap({ pagesId: 1, entries: [entry(0, 40, false), entry(40, 1, true), entry(41, pages - 41, false)] }),
  );
  writeFileSync(join(images, 'pages-1.img'), Buffer.alloc(pageBytes, 0xc1));
  for (const name of ['core-1.img', 'descriptors.json']) writeFileSync(join(images, name), 'x');
  const hot = makePageSet();
  hot.add(run(20, 2));
  hot.add(run(50, 1));
  const records: Buffer[] = [];
  const memory = makeFrozenMemory({
    processes: [process],
    store: here,
    hot,
    share,
    restoresMeanwhile,
    hasSpareProcessor: true,
    budgetBytes: 1 << 20,
    choice,
    write: async (...pieces) => {
      records.push(Buffer.concat(pieces));
    },
  });
  /** The destination takes in what was sent. @returns the pages of the process that it was told of */
  async function deliver(): Promise<Set<number>> {
    const sent = records.splice(0);
    const reader = new ByteReader(Readable.from(sent));
    const told = new Set<number>();
    for (const _ of sent) {
      const header = await readHeader(reader, pageHeaderSchema);
      takePages(header, await reader.exactly(header.sizeBytes), there);
      for (const { page, count } of runsOf(header))
        for (let offset = 0; offset < count; offset += 1) told.add(page + offset - first);
    }
    return told;
  }
  const expected = asItIs(0, pages);
  expected.fill(0xc1, 40 * pageBytes, 41 * pageBytes);
  /** Pages that a node has otherwise than they are now, or not at all. */
  const wrong = (store: PageStore): number[] =>
    Array.from({ length: pages }, (_, page) => page).filter((page) => {
      if (!store.has(pid, first + page)) return true;
      const bytes = Buffer.alloc(pageBytes);
      store.read(run(page, 1), bytes);
      return !bytes.equals(expected.subarray(page * pageBytes, (page + 1) * pageBytes));
    });
  t.teardown(() => {
    here.close();
    there.close();
  });
  return { memory, here, there, images, deliver, wrong, run, first, pid, process };
}
const pagesOf = (runs: readonly PageRun[], first: number) =>
  runs.flatMap(({ page, count }) => Array.from({ length: count }, (_, offset) => page + offset - first));
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

for (const [title, choice] of [
  ['plain', never],
  ['compressed', always],
] as const) {
  test(`cold, ${title}: all that differs goes, and afterwards both nodes have the same`, async (t) => {
    const { memory, here, there, images, deliver, wrong, first } = await room(t, 'all', choice);
    await memory.sendEarly(() => true);
    const sent = await memory.sendLate(images);
    t.deepEqual(sent.remaining, []);
    t.deepEqual(
      pagesOf(sent.pages, first).sort((a, b) => a - b),
      numbers(0, pages),
    );
    t.deepEqual(sent.names.sort(), ['core-1.img', `pagemap-${sent.pages[0]?.pid}.img`].sort());
    const told = await deliver();
    t.true(numbers(0, 16).every((page) => !told.has(page))); // what is as it was is not named
    t.true(numbers(16, pages).every((page) => told.has(page)));
    t.deepEqual(wrong(there), []);
    await memory.settle(here, []);
    t.deepEqual(wrong(here), []);
  });
}

test('where the destination restores meanwhile it is told what it has, and the rest follows', async (t) => {
  const { memory, here, there, images, deliver, wrong, first } = await room(t, 'all', never, true);
  await memory.sendEarly(() => true);
  const { remaining } = await memory.sendLate(images);
  const told = await deliver();
  const left = pagesOf(remaining, first);
  t.deepEqual(
    [...told, ...left].filter((page) => page >= 0 && page < pages).sort((a, b) => a - b),
    numbers(0, pages),
  );
  t.false(wrong(there).some((page) => told.has(page)));
  await memory.sendRest(remaining);
  const toldLater = await deliver();
  t.false([...toldLater].some((page) => told.has(page)));
  t.deepEqual(wrong(there), []);
  await memory.settle(here, []);
  t.deepEqual(wrong(here), []);
});

test('hybrid: what is hot goes with the frozen container, the rest is to be asked for', async (t) => {
  const { memory, here, there, images, deliver, wrong, first } = await room(t, 'hot');
  await memory.sendEarly(() => true);
  const { remaining } = await memory.sendLate(images);
  const told = [...(await deliver())].filter((page) => page >= 0 && page < pages).sort((a, b) => a - b);
  t.deepEqual(told, [20, 21, 40, 50]);
  t.deepEqual(
    pagesOf(remaining, first).sort((a, b) => a - b),
    numbers(0, pages).filter((page) => !told.includes(page)),
  );
  t.false(wrong(there).some((page) => told.includes(page)));
  await memory.settle(here, remaining);
  t.deepEqual(wrong(here), []);
});

test('post-copy: nothing goes but what CRIU cannot leave behind', async (t) => {
  const { memory, images, deliver, first } = await room(t, 'none');
  await memory.sendEarly(() => true);
  const { remaining } = await memory.sendLate(images);
  t.deepEqual([...(await deliver())], [40]);
  t.deepEqual(
    pagesOf(remaining, first).sort((a, b) => a - b),
    numbers(0, pages).filter((page) => page !== 40),
  );
});

test('what was sent is not taken for known until it is settled, so that an undone move forgets it', async (t) => {
  const { memory, here, images, run, pid, first } = await room(t, 'all');
  await memory.sendEarly(() => true);
  await memory.sendLate(images);
  t.true(memory.known.has(pid, first));
  t.false(memory.known.has(pid, first + 16));
  t.true(here.has(pid, first + 16)); // still as the destination had it
  const changed = new Set(pagesOf(memory.changedPages.runs(), first));
  t.true(numbers(16, pages).every((page) => changed.has(page)));
  t.true(numbers(0, 16).every((page) => !changed.has(page)));
  t.is(run(0, 1).page, first);
});

test('after a dump that had to be repeated everything is looked at again, in the processes that there are then', async (t) => {
  const { memory, there, images, deliver, wrong, process } = await room(t, 'all');
  await memory.sendEarly(() => true);
  memory.startOver([process]);
  await memory.sendEarly(() => true);
  await memory.sendLate(images);
  await deliver();
  t.deepEqual(wrong(there), []);
});

for (const share of ['all', 'hot', 'none'] as const) {
  test(`${share}: memory of a process that is not here is never promised`, async (t) => {
    const { memory, images, process } = await room(t, share);
    await memory.sendEarly(() => true);
    memory.startOver([]);
    t.is(((await t.throwsAsync(memory.sendLate(images))) as TagalongError).code, 'bad-image');
    t.true(process.pid > 0);
  });
}
