import { copyFile, open, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { openArchive } from '../../../agent/checkpoints/archive.ts';
import type { Metadata } from '../../../agent/checkpoints/metadata.ts';
import { startEcho } from '../migration/workloads/support/echo.ts';
import { leftoversAt } from '../migration/workloads/support/leftovers.ts';
import { openSite } from '../migration/workloads/support/site.ts';
import { collect, room, tarBy, writeArchive } from './support/archives.ts';
import { ask, refusalOf, seenFromHere } from './support/asking.ts';

const directory = '/var/lib/tagalong/checkpoints';

test('archives that are not whole, of another version, hostile or from another machine leave nothing behind', async (t) => {
  t.timeout(180_000);
  const site = await openSite(t, 'refused');
  const echo = await startEcho(t, site, 'echo', 'ap1');
  const file = String((await ask(site, 'checkpoint', { container: 'echo' }))['file']);
  const here = (path: string) => seenFromHere(site, 'ap1', path);
  t.deepEqual(await leftoversAt(site, 'ap1', 'echo'), []);

  const archive = await openArchive(here(file));
  t.teardown(() => archive.close());
  const content = Object.fromEntries(
    await Promise.all(
      archive.metadata.parts.map(async ({ name }) => [name, await collect(archive.read(name))] as const),
    ),
  );
  const { parts: _, ...own } = archive.metadata;
  const made = async (name: string, change: Partial<Record<keyof Metadata, unknown>>, more = {}) => {
    const path = `${directory}/${name}.tar`;
    await writeArchive(here(path), { ...content, ...more }, { ...own, ...change });
    return path;
  };
  const damaged = async (name: string, damage: (path: string) => Promise<void>) => {
    const path = `${directory}/${name}.tar`;
    await copyFile(here(file), here(path));
    await damage(here(path));
    return path;
  };
  const flipAt = (part: number) => async (path: string) => {
    const bytes = await readFile(path);
    const at = Math.floor(bytes.length * part);
    const handle = await open(path, 'r+');
    await handle.write(Buffer.of((bytes[at] ?? 0) ^ 4), 0, 1, at);
    await handle.close();
  };
  const evil = await tarBy(await room(t), 'touch x; $TAR -c -P --transform="s,x,upper/../../../../../../tmp/evil," x');

  const cases: [string, RegExp, RegExp][] = [
    [`${directory}/none.tar`, /^archive-unusable$/, /there is no such file/],
    [
      await damaged('cut', async (path) => truncate(path, (await stat(path)).size - 2048)),
      /^archive-un/,
      /truncated|end/,
    ],
    [await damaged('half', async (path) => truncate(path, (await stat(path)).size / 2)), /^archive-un/, /truncated/],
    [await damaged('flip1', flipAt(0.3)), /^archive-unusable$/, /digest|damaged/],
    [await damaged('flip2', flipAt(0.7)), /^archive-unusable$/, /digest|damaged/],
    [await made('version', { version: 9 }), /^archive-unusable$/, /version 9/],
    [await made('hostile', {}, { 'changes.tar': evil }), /^archive-unusable$/, /leaves its directory/],
    [await made('member', {}, { 'checkpoint/../x': Buffer.from('x') }), /^archive-unusable$/, /no checkpoint has/],
    [await made('architecture', { architecture: 'riscv64' }), /^architecture-mismatch$/, /riscv64/],
    [await made('page', { pageSizeBytes: 65536 }), /^page-size-mismatch$/, /65536/],
    [await made('newer', { criuVersion: '99.1' }), /^criu-too-old$/, /99\.1/],
    [await made('older', { criuVersion: '3.19' }), /^criu-too-old$/, /3\.19/],
    [await made('image', { spec: { ...own.spec, imageDigest: `sha256-${'1'.repeat(64)}` } }), /^archive-un/, /image/],
    [
      await made(
        'evilImage',
        { spec: { ...own.spec, imageDigest: `sha256-${'1'.repeat(64)}` } },
        { 'image.tar': evil },
      ),
      /^archive-unusable$/,
      /Member name contains|arrived as/,
    ],
    // whole, but not of CRIU
    [
      await made('images', {}, { 'checkpoint/inventory.img': Buffer.from('no image') }),
      /^archive-unusable$/,
      /inventory\.img/,
    ],
  ];
  for (const [path, code, message] of cases) {
    const refusal = await refusalOf(site, 'restore', { node: 'ap1', file: path });
    t.regex(refusal.code, code, path);
    t.regex(refusal.message, message, path);
    t.deepEqual(await leftoversAt(site, 'ap1', 'echo'), [], path);
    t.is((await refusalOf(site, 'describe', { container: 'echo' })).code, 'unknown-container');
  }
  t.is(await site.sh('ap1', 'ls /tmp/evil 2>/dev/null || true'), '');
  t.deepEqual((await site.sh('ap1', 'ls -A /var/lib/tagalong/images')).split('\n'), [own.spec.imageDigest]);
  const several = await made('several', { architecture: 'riscv64', pageSizeBytes: 65536, cgroup: 'other' });
  const { codes } = await refusalOf(site, 'restore', { node: 'ap1', file: several });
  t.deepEqual(codes, ['architecture-mismatch', 'page-size-mismatch', 'cgroup-mismatch']);

  t.like(await ask(site, 'restore', { node: 'ap1', file }), { container: 'echo', generation: 2 });
  await echo.answers();
  t.deepEqual(await readFile(join(here(file))).then(({ length }) => length), archive.sizeBytes);
});
