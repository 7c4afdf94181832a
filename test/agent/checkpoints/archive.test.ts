import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openArchive } from '../../../agent/checkpoints/archive.ts';
import { collect, metadata, problemOf, room, stateTar, writeArchive } from './support/archives.ts';

async function verify(path: string): Promise<void> {
  const archive = await openArchive(path);
  try {
    await archive.verify();
  } finally {
    await archive.close();
  }
}

async function good(t: ExecutionContext): Promise<{ top: string; path: string; state: Buffer }> {
  const top = await room(t);
  const state = await stateTar(top);
  const content = { 'state.tar': state, 'checkpoint/core-1.img': Buffer.from('memory') };
  return { top, state, path: await writeArchive(join(top, 'web.tar'), content) };
}

test('what was written is read, and tar and sha256sum read it too', async (t) => {
  const { top, path, state } = await good(t);
  await verify(path);
  const archive = await openArchive(path);
  t.like(archive.metadata, { ...metadata, parts: [{ name: 'state.tar' }, { name: 'checkpoint/core-1.img' }] });
  t.deepEqual(archive.imageNames, ['core-1.img']);
  t.true((await collect(archive.read('state.tar'))).equals(state));
  await archive.close();
  const out = join(top, 'out');
  await mkdir(out);
  execFileSync('tar', ['--extract', '--file', path, '--directory', out]);
  execFileSync('sha256sum', ['--check', 'metadata.json.sha256'], { cwd: out });
  t.is(await readFile(join(out, 'checkpoint/core-1.img'), 'utf8'), 'memory');
});

test('a bit that flipped anywhere is found', async (t) => {
  const { top, path } = await good(t);
  const bytes = await readFile(path);
  const copy = join(top, 'flipped.tar');
  await copyFile(path, copy);
  const file = await open(copy, 'r+');
  t.teardown(() => file.close());
  for (let at = 0; at < bytes.length; at += 29) {
    const byte = bytes.subarray(at, at + 1);
    await file.write(Buffer.of((byte[0] ?? 0) ^ (1 << (at % 8))), 0, 1, at);
    t.not(await problemOf(() => verify(copy)), undefined, `byte ${at}`);
    await file.write(byte, 0, 1, at);
  }
  await verify(copy);
});

test('an archive that is cut anywhere, or goes on behind its end, is refused', async (t) => {
  const { top, path } = await good(t);
  const { length } = await readFile(path);
  for (let at = 0; at < length; at += 257) {
    const cut = join(top, 'cut.tar');
    await copyFile(path, cut);
    await truncate(cut, at);
    t.regex((await problemOf(() => verify(cut))) ?? '', /truncated|end where/, `cut at ${at}`);
  }
  await writeFile(path, Buffer.alloc(512), { flag: 'a' });
  t.is(await problemOf(() => verify(path)), 'it does not end where it should');
});

test('another version is told from a broken one', async (t) => {
  const top = await room(t);
  const content = { 'state.tar': await stateTar(top), 'checkpoint/a.img': Buffer.from('a') };
  const newer = await writeArchive(join(top, 'newer.tar'), content, { version: 2 });
  t.is(await problemOf(() => verify(newer)), 'it is of version 2, and this Tagalong reads version 1');
  const other = await writeArchive(join(top, 'other.tar'), content, { format: 'something' });
  t.is(await problemOf(() => verify(other)), 'it is not a checkpoint of Tagalong');
  const field = await writeArchive(join(top, 'field.tar'), content, { generation: -1 });
  t.regex((await problemOf(() => verify(field))) ?? '', /^its metadata is not valid: generation: /);
});

test('what is no archive says so', async (t) => {
  const top = await room(t);
  t.is(await problemOf(() => verify(join(top, 'missing'))), 'there is no such file');
  t.is(await problemOf(() => verify(top)), 'it is not a file');
  execFileSync('mkfifo', [join(top, 'fifo')]);
  t.is(await problemOf(() => verify(join(top, 'fifo'))), 'it is not a file');
  execFileSync('tar', ['--create', '--file', join(top, 'foreign.tar'), '--directory', top, 'fifo']);
  t.is(await problemOf(() => verify(join(top, 'foreign.tar'))), 'it is not a checkpoint of Tagalong');
});

for (const name of ['../../etc/cron.d/evil', '/etc/passwd', 'checkpoint/../evil', 'checkpoint/.hidden', 'other.tar']) {
  test(`a member named ${name} is refused`, async (t) => {
    const top = await room(t);
    const content = {
      'state.tar': await stateTar(top),
      'checkpoint/a.img': Buffer.from('a'),
      [name]: Buffer.from('x'),
    };
    const path = await writeArchive(join(top, 'bad.tar'), content);
    t.is(await problemOf(() => verify(path)), `it holds ${JSON.stringify(name)}, which no checkpoint has`);
  });
}

test('an archive without files or without images is refused', async (t) => {
  const top = await room(t);
  const state = await stateTar(top);
  const images = await writeArchive(join(top, 'images.tar'), { 'checkpoint/a.img': Buffer.from('a') });
  t.is(await problemOf(() => verify(images)), 'it holds no state.tar');
  const files = await writeArchive(join(top, 'files.tar'), { 'state.tar': state });
  t.is(await problemOf(() => verify(files)), 'it holds no images of CRIU');
});
