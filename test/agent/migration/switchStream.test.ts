import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import test from 'ava';
import { encodeHeader, put } from '../../../agent/channel/records.ts';
import { compress, type PageHeader } from '../../../agent/memory/pageRecords.ts';
import {
  type RecordHeader,
  readSwitchStream,
  writeEnd,
  writeFileChanges,
  writeImages,
  writeMark,
} from '../../../agent/migration/switchStream.ts';

async function room(t: { teardown: (fn: () => Promise<void>) => void }) {
  const top = await mkdtemp(join(tmpdir(), 'tagalong-switch-'));
  t.teardown(() => rm(top, { recursive: true, force: true }));
  const place = (name: string) => join(top, name);
  for (const name of ['source', 'images', 'state']) await mkdir(place(name));
  return { source: place('source'), imageDirectory: place('images'), stateDirectory: place('state') };
}

const noMemory = { onBase: () => undefined, onStartOver: () => undefined, onPages: () => undefined };
const head = (record: RecordHeader) => encodeHeader(record);

const bytesOf = async (stream: AsyncIterable<Buffer>) => Buffer.concat(await Array.fromAsync(stream));

for (const compressed of [false, true]) {
  test(`images, archive, removals and pages come through ${compressed ? 'compressed' : 'plain'}, in whatever pieces`, async (t) => {
    const where = await room(t);
    const image = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
    await writeFile(join(where.source, 'pages-1.img'), image);
    await writeFile(join(where.source, 'core-1.img'), 'core');
    await writeFile(join(where.source, 'empty.img'), '');
    await mkdir(join(where.stateDirectory, 'upper/old'), { recursive: true });
    const wire = new PassThrough();
    const write = (bytes: Buffer) => put(wire, bytes);
    const id = '6f1c2f4e-6a54-4f0e-9c65-0f5f0a1f8f11';
    const pages: PageHeader = { kind: 'pages', sizeBytes: 3, encoding: 'plain', runs: [[1, 2, 3]] };
    const written = (async () => {
      await write(head({ kind: 'round', sizeBytes: 0, id, sequence: 4, isNew: false, from: 'ap1' }));
      await writeMark(write, 'start-over');
      await write(head(pages));
      await write(Buffer.from('xyz'));
      await writeFileChanges(
        write,
        { removed: ['upper/old'], changed: ['upper/new'] },
        Readable.from([Buffer.from('ab'), Buffer.from('c')]),
      );
      await writeImages(write, where.source, ['pages-1.img', 'core-1.img', 'empty.img'], compressed);
      await writeEnd(write, true);
      wire.end();
    })();
    const [bytes] = await Promise.all([bytesOf(wire), written]);
    const pieces = Readable.from(
      Array.from({ length: Math.ceil(bytes.length / 7) }, (_, index) => bytes.subarray(index * 7, index * 7 + 7)),
    );
    const archive = new PassThrough();
    const heard: unknown[] = [];
    const read = await readSwitchStream(
      pieces,
      { ...where, archive },
      {
        onBase: ({ id, sequence, isNew }) => heard.push([id, sequence, isNew]),
        onStartOver: () => heard.push('start over'),
        onPages: (header, content) => heard.push([header, content.toString()]),
      },
    );
    archive.end();
    t.deepEqual(read, {
      archived: true,
      files: { removed: ['upper/old'], changed: ['upper/new'] },
      memoryComplete: true,
    });
    t.deepEqual(heard, [[id, 4, false], 'start over', [pages, 'xyz']]);
    t.is((await bytesOf(archive)).toString(), 'abc');
    t.deepEqual((await readdir(where.imageDirectory)).sort(), ['core-1.img', 'empty.img', 'pages-1.img']);
    t.true(image.equals(await readFile(join(where.imageDirectory, 'pages-1.img'))));
    t.is(await readFile(join(where.imageDirectory, 'core-1.img'), 'utf8'), 'core');
    t.deepEqual(await readdir(join(where.stateDirectory, 'upper')), []);
  });
}

test('a stream without file changes says so, and that memory is missing', async (t) => {
  const where = await room(t);
  const chunks: Buffer[] = [];
  const write = async (bytes: Buffer) => void chunks.push(bytes);
  await writeFileChanges(write, { removed: [], changed: [] }, undefined);
  await writeImages(write, where.source, [], false);
  await writeEnd(write, false);
  t.deepEqual(await readSwitchStream(Readable.from(chunks), { ...where, archive: new PassThrough() }, noMemory), {
    archived: false,
    files: { removed: [], changed: [] },
    memoryComplete: false,
  });
});

test('the restore may begin before the rest of the memory is there', async (t) => {
  const where = await room(t);
  const wire = new PassThrough();
  const write = (bytes: Buffer) => put(wire, bytes);
  const page = async (number: number) => {
    await write(head({ kind: 'pages', sizeBytes: 1, encoding: 'plain', runs: [[1, number, 1]] }));
    await write(Buffer.from('x'));
  };
  const heard: number[] = [];
  const sink = { ...noMemory, onPages: (header: PageHeader) => void heard.push(header.runs[0]?.[1] ?? -1) };
  await page(1);
  await writeFileChanges(write, { removed: [], changed: ['upper/new'] }, Readable.from([Buffer.from('tar')]));
  await writeMark(write, 'restorable');
  const { archived, files, memoryComplete, rest } = await readSwitchStream(
    wire,
    { ...where, archive: new PassThrough() },
    sink,
  );
  t.like(
    { archived, files, memoryComplete },
    { archived: true, files: { changed: ['upper/new'] }, memoryComplete: false },
  );
  t.deepEqual(heard, [1]);
  const read = rest?.();
  await page(2);
  await page(3);
  await writeEnd(write, true);
  await read;
  t.deepEqual(heard, [1, 2, 3]);
});

for (const [what, records] of [
  ['is not all', [head({ kind: 'end', sizeBytes: 0, memoryComplete: false })]],
  ['breaks off', []],
  ['brings more than memory', [head({ kind: 'files', sizeBytes: 0, removed: ['upper/x'], changed: [] })]],
  ['brings an image', [head({ kind: 'image', sizeBytes: 1, name: 'a.img' }), Buffer.from('x')]],
] as const)
  test(`a rest that ${what} is refused`, async (t) => {
    const where = await room(t);
    const chunks = [head({ kind: 'restorable', sizeBytes: 0 }), ...records];
    const { rest } = await readSwitchStream(Readable.from(chunks), { ...where, archive: new PassThrough() }, noMemory);
    const error = await t.throwsAsync(async () => rest?.());
    t.is((error as { code?: string } | undefined)?.code, 'transfer-failed');
  });

const images = (files: { name: string; sizeBytes: number }[], content: Buffer, compressed: boolean) => [
  head({ kind: 'images', sizeBytes: content.length, compressed, files }),
  content,
];
const hostile: [string, Buffer[]][] = [
  ['breaks off in a record', [head({ kind: 'image', sizeBytes: 10, name: 'a.img' }), Buffer.from('12345')]],
  ['has no end', [encodeHeader({ kind: 'archive', sizeBytes: 0 })]],
  ['removes a path outside', [head({ kind: 'files', sizeBytes: 0, removed: ['../../etc'], changed: [] })]],
  ['names a changed path outside', [head({ kind: 'files', sizeBytes: 0, removed: [], changed: ['a/../../etc'] })]],
  ['removes an absolute path', [head({ kind: 'files', sizeBytes: 0, removed: ['/etc'], changed: [] })]],
  [
    'names an image outside',
    [encodeHeader({ kind: 'image', sizeBytes: 1, name: '../x' } as RecordHeader), Buffer.from('x')],
  ],
  ['has a header that is not JSON', [Buffer.from([0, 0, 0, 2]), Buffer.from('{{')]],
  ['has a header of four gigabytes', [Buffer.from([255, 255, 255, 255])]],
  ['has negative sizes', [encodeHeader({ kind: 'archive', sizeBytes: -1 })]],
  ['has an unknown record', [encodeHeader({ kind: 'surprise', sizeBytes: 0 })]],
  ['names one of many images outside', images([{ name: '../x', sizeBytes: 1 }], Buffer.from('x'), false)],
  ['has shorter images than it names', images([{ name: 'x', sizeBytes: 2 }], Buffer.from('x'), false)],
  ['has longer images than it names', images([{ name: 'x', sizeBytes: 1 }], Buffer.from('xy'), false)],
  ['has images that are no zstd', images([{ name: 'x', sizeBytes: 9 }], Buffer.from('not zstd!'), true)],
  ['holds a bomb', images([{ name: 'x', sizeBytes: 10 }], compress(Buffer.alloc(4 << 20)), true)],
  [
    'names more images at once than fit',
    images(
      Array.from({ length: 9 }, (_, index) => ({ name: `x${index}`, sizeBytes: 1 << 20 })),
      compress(Buffer.alloc(9 << 20)),
      true,
    ),
  ],
];

for (const [what, chunks] of hostile) {
  test(`a stream that ${what} is refused`, async (t) => {
    const where = await room(t);
    const error = await t.throwsAsync(
      readSwitchStream(Readable.from(chunks), { ...where, archive: new PassThrough() }, noMemory),
    );
    t.is((error as { code?: string } | undefined)?.code, 'transfer-failed');
  });
}
