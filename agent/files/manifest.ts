import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** One entry of a directory tree, as far as a change of it can be seen without reading the content. */
export interface ManifestEntry {
  type: 'file' | 'directory' | 'link' | 'device' | 'other';
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  inode: bigint;
  modifiedNs: bigint;
  changedNs: bigint;
  target?: string;
  device?: bigint;
}

/** A directory tree: path relative to its top, with `/` between levels, to entry. The top itself is not in it. */
export type Manifest = Map<string, ManifestEntry>;

/**
 * Reads a directory tree.
 * Entries that vanish while it is read are left out: the next reading of a frozen tree settles it.
 *
 * @param top - absolute path of the tree
 */
export async function readManifest(top: string): Promise<Manifest> {
  const manifest: Manifest = new Map();
  await walk(top, '', manifest);
  return manifest;
}

async function walk(top: string, below: string, manifest: Manifest): Promise<void> {
  const names = await readdir(join(top, below)).catch(ifGone([] as string[]));
  await Promise.all(
    names.map(async (name) => {
      const path = below === '' ? name : `${below}/${name}`;
      const entry = await readEntry(join(top, path)).catch(ifGone(undefined));
      if (entry === undefined) return;
      manifest.set(path, entry);
      if (entry.type === 'directory') await walk(top, path, manifest);
    }),
  );
}

function ifGone<T>(instead: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return instead;
    throw error;
  };
}

/** One entry of a tree. @throws the kernel's error where there is none */
export async function readEntry(path: string): Promise<ManifestEntry> {
  const stat = await lstat(path, { bigint: true });
  const common = {
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    sizeBytes: Number(stat.size),
    inode: stat.ino,
    modifiedNs: stat.mtimeNs,
    changedNs: stat.ctimeNs,
  };
  if (stat.isFile()) return { ...common, type: 'file' };
  if (stat.isDirectory()) return { ...common, type: 'directory', sizeBytes: 0 };
  if (stat.isSymbolicLink()) return { ...common, type: 'link', target: await readlink(path) };
  if (stat.isCharacterDevice() || stat.isBlockDevice()) return { ...common, type: 'device', device: stat.rdev };
  return { ...common, type: 'other' };
}

export interface ManifestDifference {
  /** Paths whose entry is new or changed, parents before children. */
  changed: string[];
  /** Paths to remove first: gone, or of another type now. */
  removed: string[];
}

/**
 * What has to be sent so that a copy of `before` becomes one of `after`. The change time of an inode tells of any change of
 * content, owner, mode or attributes, as rsync and tar's incremental mode use it too.
 */
export function compareManifests(before: Manifest, after: Manifest): ManifestDifference {
  const removed = [...before]
    .filter(([path, entry]) => after.get(path)?.type !== entry.type)
    .map(([path]) => path)
    .filter((path) => !hasRemovedParent(path, before, after));
  const changed = [...after].filter(([path, entry]) => !isSame(before.get(path), entry)).map(([path]) => path);
  return { changed: changed.sort(), removed: removed.sort() };
}

function hasRemovedParent(path: string, before: Manifest, after: Manifest): boolean {
  const parent = path.slice(0, path.lastIndexOf('/'));
  if (!path.includes('/')) return false;
  return after.get(parent)?.type !== before.get(parent)?.type;
}

function isSame(old: ManifestEntry | undefined, entry: ManifestEntry): boolean {
  return (
    old !== undefined &&
    old.type === entry.type &&
    old.inode === entry.inode &&
    old.changedNs === entry.changedNs &&
    old.modifiedNs === entry.modifiedNs &&
    old.sizeBytes === entry.sizeBytes
  );
}

/** How many bytes of content the named entries hold; all of them where none is named. */
export function contentBytes(manifest: Manifest, paths: Iterable<string> = manifest.keys()): number {
  let sum = 0;
  for (const path of paths) {
    const entry = manifest.get(path);
    if (entry?.type === 'file') sum += entry.sizeBytes;
  }
  return sum;
}

/**
 * A digest of a tree that is the same on every node: names, types, modes, owners, link targets, device numbers and
 * content, but no times and no inodes.
 *
 * @returns `sha256-` and 64 hexadecimal digits
 */
export async function digestTree(top: string): Promise<string> {
  const manifest = await readManifest(top);
  const hash = createHash('sha256');
  for (const path of [...manifest.keys()].sort()) {
    const entry = manifest.get(path);
    if (entry === undefined) continue;
    const facts = [path, entry.type, entry.mode, entry.uid, entry.gid, entry.target ?? '', String(entry.device ?? '')];
    if (entry.type === 'file') facts.push(await digestFile(join(top, path)));
    hash.update(`${JSON.stringify(facts)}\n`);
  }
  return `sha256-${hash.digest('hex')}`;
}

async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
