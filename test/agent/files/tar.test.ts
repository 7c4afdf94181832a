import { execFileSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { digestTree } from '../../../agent/files/manifest.ts';
import { feed, packedStill, packNamed, packTree, unpackInto } from '../../../agent/files/tar.ts';
import { TagalongError } from '../../../broker/contract/errors.ts';

async function room(t: { teardown: (fn: () => Promise<void>) => void }): Promise<{ from: string; to: string }> {
  const top = await mkdtemp(join(tmpdir(), 'tagalong-tar-'));
  t.teardown(() => rm(top, { recursive: true, force: true }));
  const [from, to] = [join(top, 'from'), join(top, 'to')];
  await Promise.all([mkdir(join(from, 'a/b'), { recursive: true }), mkdir(to, { recursive: true })]);
  await writeFile(join(from, 'a/b/file'), 'content');
  await writeFile(join(from, '--looks like an option'), 'x', { mode: 0o4755 });
  await symlink('/etc/passwd', join(from, 'a/link'));
  return { from, to };
}

test('a tree arrives whole: devices (the whiteouts of overlayfs), set-uid bits, links, extended attributes', async (t) => {
  const { from, to } = await room(t);
  execFileSync('mknod', [join(from, 'a/gone'), 'c', '0', '0']);
  const pack = packTree(from);
  const unpack = unpackInto(to);
  await Promise.all([feed(pack.output, unpack), pack.done]);
  t.is(await digestTree(to), await digestTree(from));
  t.true((await lstat(join(to, 'a/gone'))).isCharacterDevice());
});

test('named entries alone are sent, directories without their content, whatever the names look like', async (t) => {
  const { from, to } = await room(t);
  const pack = packNamed(from);
  const unpack = unpackInto(to);
  pack.input.end(['./a', './--looks like an option'].map((name) => `${name}\0`).join(''));
  await Promise.all([feed(pack.output, unpack), pack.done]);
  t.is(await readFile(join(to, '--looks like an option'), 'utf8'), 'x');
  await t.throwsAsync(lstat(join(to, 'a/b')), { code: 'ENOENT' });
});

test('an archive that breaks off is an error', async (t) => {
  const { to } = await room(t);
  const unpack = unpackInto(to);
  unpack.input.end(Buffer.alloc(700, 'x'));
  await t.throwsAsync(unpack.done, { message: /tar/ });
});

test('what a waiting tar prints is not lost when it is read late', async (t) => {
  const { from } = await room(t);
  const pack = packNamed(from);
  pack.input.end('./a/b/file\0');
  await pack.done;
  const chunks = await Array.fromAsync(pack.output as AsyncIterable<Buffer>);
  t.true(Buffer.concat(chunks).includes('content'));
});

test('a sender is heard to its end when tar has read enough', async (t) => {
  const { from, to } = await room(t);
  const pack = packTree(from);
  const chunks = [
    ...(await Array.fromAsync(pack.output as AsyncIterable<Buffer>)),
    ...Array.from({ length: 64 }, () => Buffer.alloc(1 << 16)),
  ];
  let given = 0;
  await feed(
    (async function* () {
      for (const chunk of chunks) {
        given += 1;
        yield chunk;
      }
    })(),
    unpackInto(to),
  );
  t.is(given, chunks.length);
  t.is(await digestTree(to), await digestTree(from));
});

test('a sender that breaks off is told by its own error', async (t) => {
  const { to } = await room(t);
  const sender = (async function* () {
    yield Buffer.alloc(100);
    throw new Error('the line is cut');
  })();
  await t.throwsAsync(feed(sender, unpackInto(to)), { message: 'the line is cut' });
});

test('of files that stand still a directory that changes while tar reads it is no error, a missing file is one', async (t) => {
  const failing = (exitCode: number) =>
    Promise.reject(new TagalongError('command-failed', { command: 'tar', problem: 'it said so', exitCode }));
  await t.notThrowsAsync(packedStill({ done: failing(1) }));
  t.is(((await t.throwsAsync(packedStill({ done: failing(2) }))) as TagalongError).code, 'command-failed');
  const { from } = await room(t);
  const tar = packNamed(from);
  tar.input.end('./missing\0');
  tar.output.resume();
  await t.throwsAsync(packedStill(tar));
});
