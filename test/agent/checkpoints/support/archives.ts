import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { makeArchiveWriter } from '../../../../agent/checkpoints/archiveWriter.ts';
import type { Metadata } from '../../../../agent/checkpoints/metadata.ts';
import { packTree } from '../../../../agent/files/tar.ts';
import { TagalongError } from '../../../../broker/contract/errors.ts';

/** The metadata of a small container. */
export const metadata: Omit<Metadata, 'parts'> = {
  format: 'tagalong-checkpoint',
  version: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  spec: {
    name: 'web',
    imageDigest: `sha256-${'0'.repeat(64)}`,
    image: { kind: 'rootfs', path: '/srv/web' },
    command: ['/bin/web'],
    environment: {},
    workingDirectory: '/',
    user: { uid: 0, gid: 0 },
    hostName: 'web',
    volumes: [{ name: 'data', target: '/data' }],
    address: '10.0.0.2',
    prefixLength: 24,
    mac: '02-00-00-00-00-01',
    pinned: false,
  },
  generation: 3,
  leftRunning: false,
  memoryBytes: 1 << 20,
  fileBytes: 7,
  node: 'ap1',
  architecture: 'x86_64',
  kernel: '6.1.0',
  pageSizeBytes: 4096,
  cpuFeatures: ['sse2'],
  cgroup: 'v2',
  criuVersion: '4.2.1',
  runcVersion: '1.3.0',
  removed: [],
};

/** A directory for one test. */
export async function room(t: ExecutionContext): Promise<string> {
  const top = await mkdtemp(join(tmpdir(), 'tagalong-archive-'));
  t.teardown(() => rm(top, { recursive: true, force: true }));
  return top;
}

/** A tar of a container's state with a file, made by the program that makes them. */
export async function stateTar(top: string): Promise<Buffer> {
  const state = join(top, 'state');
  for (const path of ['upper/etc', 'volumes/data', 'log']) await mkdir(join(state, path), { recursive: true });
  await writeFile(join(state, 'upper/etc/name'), 'content');
  return collect(packTree(state).output as AsyncIterable<Buffer>);
}

export async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(chunks));
}

/** A tar that a shell makes in a new directory, which it begins in; `$TAR` is the tar of archives. */
export async function tarBy(top: string, script: string): Promise<Buffer> {
  const directory = await mkdtemp(join(top, 'by-'));
  const environment = { ...process.env, TAR: 'tar --format=posix --xattrs --xattrs-include=* --sparse -f -' };
  return execFileSync('sh', ['-ec', script], { cwd: directory, env: environment, maxBuffer: 1 << 26 });
}

/** Writes an archive with all digests right, whatever it holds. */
export async function writeArchive(
  path: string,
  content: Record<string, Buffer>,
  changed: Partial<Record<keyof Metadata, unknown>> = {},
): Promise<string> {
  const file = await open(path, 'wx', 0o600);
  const writer = makeArchiveWriter(file, new Date(metadata.createdAt));
  for (const [name, bytes] of Object.entries(content)) await writer.add(name, inOne(bytes));
  await writer.finish({ ...metadata, ...changed } as Metadata);
  await file.close();
  return path;
}

async function* inOne(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}

/** What an archive is refused for, if it is. */
export async function problemOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof TagalongError && error.code === 'archive-unusable') return String(error.details['problem']);
    throw error;
  }
}
