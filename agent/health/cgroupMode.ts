import { readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

export type CgroupMode = 'v1' | 'v2' | 'hybrid' | 'none';

/** From linux/magic.h. */
const cgroupMagic = 0x27e0eb;
const cgroup2Magic = 0x63677270;

async function magicOf(path: string): Promise<number | undefined> {
  return await statfs(path).then(
    ({ type }) => type,
    () => undefined,
  );
}

/**
 * The mode by the magic numbers of the file systems at /sys/fs/cgroup and in the folders below it. As runc sees it: v2 is
 * only what has cgroup2 at the root; a cgroup2 among v1 hierarchies (`unified`) is hybrid, and runc uses v1 there.
 */
export function cgroupModeOf(root: number | undefined, below: readonly (number | undefined)[]): CgroupMode {
  if (root === cgroup2Magic) return 'v2';
  if (!below.includes(cgroupMagic)) return 'none';
  return below.includes(cgroup2Magic) ? 'hybrid' : 'v1';
}

/** Probes the mode of this node. */
export async function readCgroupMode(path = '/sys/fs/cgroup'): Promise<CgroupMode> {
  const names = await readdir(path).catch(() => []);
  const [root, ...below] = await Promise.all([path, ...names.map((name) => join(path, name))].map(magicOf));
  return cgroupModeOf(root, below);
}
