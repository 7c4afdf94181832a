import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { compareManifests, contentBytes, digestTree, readManifest } from '../../../agent/files/manifest.ts';

async function makeTree(t: { teardown: (fn: () => Promise<void>) => void }): Promise<string> {
  const top = await mkdtemp(join(tmpdir(), 'tagalong-manifest-'));
  t.teardown(() => rm(top, { recursive: true, force: true }));
  await mkdir(join(top, 'etc/deep'), { recursive: true });
  await writeFile(join(top, 'etc/hosts'), 'one');
  await writeFile(join(top, 'etc/deep/file'), 'two');
  await symlink('hosts', join(top, 'etc/link'));
  return top;
}

test('a tree that did not change has no difference', async (t) => {
  const top = await makeTree(t);
  const manifest = await readManifest(top);
  t.deepEqual([...manifest.keys()].sort(), ['etc', 'etc/deep', 'etc/deep/file', 'etc/hosts', 'etc/link']);
  t.deepEqual(compareManifests(manifest, await readManifest(top)), { changed: [], removed: [] });
  t.is(contentBytes(manifest, manifest.keys()), 6);
});

test('a change of content is seen even when size and modification time stay', async (t) => {
  const top = await makeTree(t);
  const file = join(top, 'etc/hosts');
  await utimes(file, 1, 1);
  const before = await readManifest(top);
  await writeFile(file, 'eno');
  await utimes(file, 1, 1);
  const { changed, removed } = compareManifests(before, await readManifest(top));
  t.deepEqual(changed, ['etc/hosts']);
  t.deepEqual(removed, []);
});

test('what is gone is removed with its top alone, and a changed type removes the old one first', async (t) => {
  const top = await makeTree(t);
  const before = await readManifest(top);
  await rm(join(top, 'etc/deep'), { recursive: true });
  await rm(join(top, 'etc/hosts'));
  await mkdir(join(top, 'etc/hosts'));
  const { changed, removed } = compareManifests(before, await readManifest(top));
  t.deepEqual(removed, ['etc/deep', 'etc/hosts']);
  t.deepEqual(changed, ['etc', 'etc/hosts']);
});

test('a renamed file is sent under its new name', async (t) => {
  const top = await makeTree(t);
  const before = await readManifest(top);
  await rename(join(top, 'etc/hosts'), join(top, 'etc/names'));
  const { changed, removed } = compareManifests(before, await readManifest(top));
  t.deepEqual(removed, ['etc/hosts']);
  t.true(changed.includes('etc/names'));
});

test('the digest of a tree tells content, names and modes, but not times', async (t) => {
  const [a, b] = [await makeTree(t), await makeTree(t)];
  const digest = await digestTree(a);
  t.regex(digest, /^sha256-[0-9a-f]{64}$/);
  await utimes(join(b, 'etc/hosts'), 5, 5);
  t.is(await digestTree(b), digest);
  await writeFile(join(b, 'etc/hosts'), 'onE');
  t.not(await digestTree(b), digest);
});
