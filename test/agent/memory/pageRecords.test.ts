import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import { ByteReader, readHeader } from '../../../agent/channel/records.ts';
import type { EncodingChoice } from '../../../agent/memory/encodingChoice.ts';
import {
  batchBytes,
  compress,
  decodePages,
  decompress,
  type PageEncoding,
  type PageHeader,
  pageHeaderSchema,
  runsOf,
} from '../../../agent/memory/pageRecords.ts';
import { openPageStore } from '../../../agent/memory/pageStore.ts';
import { makePageWriter } from '../../../agent/memory/pageWriter.ts';
import { takePages } from '../../../agent/migration/takeRound.ts';
import type { TagalongError } from '../../../broker/contract/errors.ts';
import { arbitraryRun, content, contentOf, keysOf, pageBytes } from './support/pages.ts';
import { temporary } from './support/temporary.ts';

const always: EncodingChoice = { worthTrying: () => true, tried: () => undefined };
const never: EncodingChoice = { worthTrying: () => false, tried: () => undefined };

/** A writer whose records are gathered as bytes. */
function gathering(choice: EncodingChoice, bytesOfPage = pageBytes) {
  const records: Buffer[] = [];
  const writer = makePageWriter({
    pageBytes: bytesOfPage,
    choice,
    write: async (...pieces) => {
      records.push(Buffer.concat(pieces)); // copied: the writer uses its buffers again
    },
  });
  return { writer, records };
}

async function headersOf(records: readonly Buffer[]): Promise<{ header: PageHeader; content: Buffer }[]> {
  const reader = new ByteReader(Readable.from(records));
  const found: { header: PageHeader; content: Buffer }[] = [];
  for (let index = 0; index < records.length; index += 1) {
    const header = await readHeader(reader, pageHeaderSchema);
    found.push({ header, content: await reader.exactly(header.sizeBytes) });
  }
  return found;
}

const arbitraryChange = fc.record({
  kind: fc.constantFrom('changed' as const, 'zero' as const),
  run: arbitraryRun,
  seed: fc.integer({ min: 1, max: 50 }),
});

for (const [title, choice] of [
  ['plain', never],
  ['compressed', always],
] as const) {
  test(`${title}: random pages come through, over what the receiver had`, async (t) => {
    const top = temporary(t);
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(arbitraryChange), fc.array(arbitraryChange), async (earlier, changes) => {
        count += 1;
        const [here, there] = ['here', 'there'].map((name) => openPageStore(`${top}/${name}${count}`, pageBytes)) as [
          ReturnType<typeof openPageStore>,
          ReturnType<typeof openPageStore>,
        ];
        const { writer, records } = gathering(choice);
        for (const { run, seed } of earlier) for (const store of [here, there]) store.write(run, content(run, seed));
        const touched = new Set<string>();
        for (const { kind, run, seed } of changes) {
          // a scan tells of each page once
          if (keysOf(run).some((key) => touched.has(key))) continue;
          for (const key of keysOf(run)) touched.add(key);
          if (kind === 'zero') {
            writer.zero(run);
            here.zero(run);
            continue;
          }
          const known = keysOf(run).every((_, offset) => here.has(run.pid, run.page + offset));
          const before = known ? Buffer.alloc(run.count * pageBytes) : undefined;
          if (before !== undefined) here.read(run, before);
          const bytes = content(run, seed);
          await writer.changed(run, bytes, before);
          here.write(run, bytes);
        }
        await writer.flush();
        for (const { header, content: sent } of await headersOf(records)) takePages(header, sent, there);
        t.deepEqual(contentOf(there), contentOf(here));
        here.close();
        there.close();
      }),
      { numRuns: 300 },
    );
  });
}

test('differences are used where the receiver has a page, and shrink what goes out', async (t) => {
  const pages = 64;
  const before = Buffer.from(Array.from({ length: pages * pageBytes }, (_, index) => (index * 2654435761) >>> 24));
  const now = Buffer.from(before);
  for (let page = 0; page < pages; page += 1) now[page * pageBytes] = (now[page * pageBytes] as number) ^ 1;
  const sizes: number[] = [];
  for (const known of [before, undefined]) {
    const { writer, records } = gathering(always);
    await writer.changed({ pid: 1, page: 0, count: pages }, now, known);
    await writer.flush();
    const [first] = await headersOf(records);
    const encoding = first?.header.kind === 'pages' ? first.header.encoding : undefined;
    if (known !== undefined) t.is(encoding, 'xor-zstd');
    else t.not(encoding, 'xor-zstd');
    sizes.push(first?.content.length ?? 0);
  }
  t.true((sizes[0] ?? 0) * 4 < (sizes[1] ?? 0));
});

test('in one round pages that changed little go as differences, also where nothing else shrinks, and others as they are', async (t) => {
  const top = temporary(t);
  const there = openPageStore(`${top}/there`, pageBytes);
  t.teardown(there.close);
  const pages = 40;
  const run = { pid: 1, page: 7, count: pages };
  const before = randomBytes(pages * pageBytes);
  there.write(run, before);
  const now = Buffer.from(before);
  for (let page = 0; page < pages; page += 1) {
    const of = now.subarray(page * pageBytes, (page + 1) * pageBytes);
    if (page % 2 === 0) of.set(randomBytes(pageBytes));
    else of.set(randomBytes(16), page);
  }
  const { writer, records } = gathering(never);
  await writer.changed(run, now, before);
  await writer.flush();
  const sent = await headersOf(records);
  const sizes = Object.fromEntries(
    sent.map(({ header, content: bytes }) => [header.kind === 'pages' ? header.encoding : '', bytes.length]),
  );
  t.deepEqual(Object.keys(sizes).sort(), ['plain', 'xor-zstd']);
  t.is(sizes['plain'], (pages / 2) * pageBytes);
  t.true((sizes['xor-zstd'] ?? 0) < (pages / 2) * 40);
  for (const { header, content: bytes } of sent) takePages(header, bytes, there);
  const after = Buffer.alloc(pages * pageBytes);
  there.read(run, after);
  t.deepEqual(after, now);
});

test('what does not shrink goes as it is, unharmed by the try', async (t) => {
  const noise = Buffer.from(Array.from({ length: 3 * pageBytes }, (_, index) => (index * index * 40503 + index) & 255));
  const before = Buffer.from(noise.map((byte, index) => byte ^ ((index * 193) & 255) ^ ((index * index) & 255)));
  const ratios: number[] = [];
  const { writer, records } = gathering({ worthTrying: () => true, tried: (ratio) => void ratios.push(ratio) });
  await writer.changed({ pid: 1, page: 0, count: 3 }, noise, before);
  await writer.flush();
  const [first] = await headersOf(records);
  t.is(ratios.length, 1);
  if (first?.header.kind !== 'pages') return t.fail();
  const store = { pageBytes, has: () => true, read: (_: unknown, into: Buffer) => void before.copy(into) };
  t.deepEqual(decodePages(first.header, first.content, store)[0]?.bytes, noise);
});

test('more pages than fit go in several batches, each no larger than the limit', async (t) => {
  const { writer, records } = gathering(never, 4096);
  const count = 700;
  await writer.changed({ pid: 1, page: 5, count }, Buffer.alloc(count * 4096, 1), undefined);
  await writer.flush();
  const all = await headersOf(records);
  t.true(all.length > 1);
  t.true(all.every(({ content: sent }) => sent.length <= batchBytes));
  t.deepEqual(
    all.flatMap(({ header }) => runsOf(header)).reduce((sum, run) => sum + run.count, 0),
    count,
  );
});

for (const kind of ['zero', 'same'] as const) {
  test(`however scattered or many pages are ${kind}, each record is one that the receiver takes`, async (t) => {
    const { writer, records } = gathering(never);
    const scattered = 10_000;
    for (let index = 0; index < scattered; index += 1) writer[kind]({ pid: 1, page: 2 * index, count: 1 });
    const long = 3_000_000;
    writer[kind]({ pid: 2, page: 0, count: long });
    await writer.flush();
    const runs = (await headersOf(records)).flatMap(({ header }) => runsOf(header));
    t.is(runs.filter(({ pid }) => pid === 1).length, scattered);
    let at = 0;
    for (const run of runs.filter(({ pid }) => pid === 2)) {
      t.is(run.page, at);
      at += run.count;
    }
    t.is(at, long);
  });
}

const pagesHeader = (encoding: PageEncoding, runs: [number, number, number][], sizeBytes: number) =>
  ({ kind: 'pages', encoding, runs, sizeBytes }) as const;
const nothing = { pageBytes, has: () => false, read: () => undefined };

const hostile: [string, PageEncoding, [number, number, number][], Buffer][] = [
  ['too short', 'plain', [[1, 0, 2]], Buffer.alloc(pageBytes)],
  ['too long', 'plain', [[1, 0, 1]], Buffer.alloc(2 * pageBytes)],
  ['not zstd', 'zstd', [[1, 0, 1]], Buffer.from('surely not')],
  ['empty, though compressed', 'zstd', [[1, 0, 1]], Buffer.alloc(0)],
  ['shorter than it says when decompressed', 'zstd', [[1, 0, 2]], compress(Buffer.alloc(pageBytes))],
  ['a bomb', 'zstd', [[1, 0, 1]], compress(Buffer.alloc(64 << 20))],
  ['cut off', 'zstd', [[1, 0, 64]], compress(content({ pid: 1, page: 0, count: 64 }, 5)).subarray(0, 20)],
  ['a difference to nothing', 'xor-zstd', [[1, 0, 1]], compress(Buffer.alloc(pageBytes))],
  ['for more memory than a batch may hold', 'zstd', [[1, 0, 1 << 20]], compress(Buffer.alloc(1 << 20))],
];

for (const [what, encoding, runs, bytes] of hostile) {
  test(`a batch that is ${what} is refused`, (t) => {
    const error = t.throws(() => decodePages(pagesHeader(encoding, runs, bytes.length), bytes, nothing));
    t.is((error as TagalongError | undefined)?.code, 'transfer-failed');
  });
}

test('a page that is said to be as the receiver has it must be there', (t) => {
  const store = openPageStore(temporary(t), pageBytes);
  t.teardown(store.close);
  const run = { pid: 1, page: 3, count: 1 };
  store.write(run, content(run, 1));
  t.notThrows(() => takePages({ kind: 'same', sizeBytes: 0, runs: [[1, 3, 1]] }, Buffer.alloc(0), store));
  const error = t.throws(() => takePages({ kind: 'same', sizeBytes: 0, runs: [[1, 3, 2]] }, Buffer.alloc(0), store));
  t.is((error as TagalongError | undefined)?.code, 'transfer-failed');
});

for (const [what, header] of [
  ['process', { kind: 'zero', sizeBytes: 0, runs: [[0, 0, 1]] }],
  ['page', { kind: 'zero', sizeBytes: 0, runs: [[1, -1, 1]] }],
  ['count', { kind: 'same', sizeBytes: 0, runs: [[1, 0, 0]] }],
  ['whole number', { kind: 'same', sizeBytes: 0, runs: [[1, 0.5, 1]] }],
  ['bounded count', { kind: 'zero', sizeBytes: 0, runs: [[1, 0, 2 ** 40]] }],
  [
    'bounded sum',
    { kind: 'zero', sizeBytes: 0, runs: Array.from({ length: 4000 }, (_, pid) => [pid + 1, 0, 1 << 20]) },
  ],
  ['bounded list', { kind: 'zero', sizeBytes: 0, runs: Array.from({ length: 5000 }, (_, page) => [1, 2 * page, 1]) }],
  ['size of zeros', { kind: 'zero', sizeBytes: 9, runs: [] }],
  ['bounded size', { kind: 'pages', encoding: 'plain', sizeBytes: 1 << 30, runs: [[1, 0, 1]] }],
  ['known encoding', { kind: 'pages', encoding: 'gzip', sizeBytes: 0, runs: [] }],
] as const) {
  test(`a header without a valid ${what} is refused`, (t) => {
    t.false(pageHeaderSchema.safeParse(header).success);
  });
}

test('a bomb is stopped at the size that was named', (t) => {
  const bomb = compress(Buffer.alloc(256 << 20));
  const before = process.memoryUsage().arrayBuffers;
  t.is((t.throws(() => decompress(bomb, 4096)) as TagalongError | undefined)?.code, 'transfer-failed');
  t.true(process.memoryUsage().arrayBuffers - before < 32 << 20);
});
