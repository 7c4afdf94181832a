import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import test from 'ava';
import {
  encodeHeader,
  type RecordHeader,
  readSwitchStream,
  writeSwitchStream,
} from '../../../agent/migration/switchStream.ts';

async function room(t: { teardown: (fn: () => Promise<void>) => void }) {
  const top = await mkdtemp(join(tmpdir(), 'tagalong-switch-'));
  t.teardown(() => rm(top, { recursive: true, force: true }));
  const place = (name: string) => join(top, name);
  for (const name of ['source', 'images', 'state']) await mkdir(place(name));
  return { source: place('source'), imageDirectory: place('images'), stateDirectory: place('state') };
}

const bytesOf = async (stream: AsyncIterable<Buffer>) => Buffer.concat(await Array.fromAsync(stream));

test('images, archive and removals come through, in whatever pieces the network cuts them', async (t) => {
  const where = await room(t);
  const image = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
  await writeFile(join(where.source, 'pages-1.img'), image);
  await writeFile(join(where.source, 'empty.img'), '');
  await mkdir(join(where.stateDirectory, 'upper/old'), { recursive: true });
  const wire = new PassThrough();
  const written = writeSwitchStream(wire, {
    removed: ['upper/old'],
    archive: Readable.from([Buffer.from('ab'), Buffer.from('c')]),
    imageDirectory: where.source,
  });
  const [bytes] = await Promise.all([bytesOf(wire), written]);
  const pieces = Readable.from(
    Array.from({ length: Math.ceil(bytes.length / 7) }, (_, index) => bytes.subarray(index * 7, index * 7 + 7)),
  );
  const archive = new PassThrough();
  const read = await readSwitchStream(pieces, { ...where, archive });
  archive.end();
  t.true(read.archived);
  t.is((await bytesOf(archive)).toString(), 'abc');
  t.deepEqual((await readdir(where.imageDirectory)).sort(), ['empty.img', 'pages-1.img']);
  t.true(image.equals(await readFile(join(where.imageDirectory, 'pages-1.img'))));
  t.deepEqual(await readdir(join(where.stateDirectory, 'upper')), []);
});

const hostile: [string, Buffer[]][] = [
  ['breaks off in a record', [encodeHeader({ kind: 'image', sizeBytes: 10, name: 'a.img' }), Buffer.from('12345')]],
  ['has no end', [encodeHeader({ kind: 'archive', sizeBytes: 0 })]],
  ['names a path outside', [encodeHeader({ kind: 'removed', sizeBytes: 0, paths: ['../../etc'] })]],
  ['names an absolute path', [encodeHeader({ kind: 'removed', sizeBytes: 0, paths: ['/etc'] })]],
  [
    'names an image outside',
    [encodeHeader({ kind: 'image', sizeBytes: 1, name: '../x' } as RecordHeader), Buffer.from('x')],
  ],
  ['has a header that is not JSON', [Buffer.from([0, 0, 0, 2]), Buffer.from('{{')]],
  ['has a header of four gigabytes', [Buffer.from([255, 255, 255, 255])]],
  ['has negative sizes', [encodeHeader({ kind: 'archive', sizeBytes: -1 } as RecordHeader)]],
];

for (const [what, chunks] of hostile) {
  test(`a stream that ${what} is refused`, async (t) => {
    const where = await room(t);
    const error = await t.throwsAsync(
      readSwitchStream(Readable.from(chunks), { ...where, archive: new PassThrough() }),
    );
    t.is((error as { code?: string } | undefined)?.code, 'transfer-failed');
  });
}
