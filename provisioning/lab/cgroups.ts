import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TagalongError } from '../../broker/contract/errors.ts';

/** One mounted tree of control groups. */
export interface Hierarchy {
  version: 1 | 2;
  mountPoint: string;
  /** Version 1: what to mount it with, e.g. `freezer`, `cpu,cpuacct` or `none,name=systemd`. */
  controllers: string;
}

export type CgroupMode = 'v1' | 'v2';

const noController = new Set(['rw', 'ro', 'relatime', 'nosuid', 'nodev', 'noexec', 'xattr', 'seclabel', 'none']);
const parent = 'tagalong-lab';

/** The control group hierarchies in the text of /proc/self/mounts, each once. */
export function hierarchiesOf(mounts: string): Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const line of mounts.split('\n')) {
    const [, mountPoint = '', type = '', options = ''] = line.split(' ');
    if (!mountPoint.startsWith('/sys/fs/cgroup')) continue;
    if (type === 'cgroup2') found.push({ version: 2, mountPoint, controllers: '' });
    if (type !== 'cgroup') continue;
    const names = options
      .split(',')
      .filter((option) => !noController.has(option) && !/^(release_agent|clone)/.test(option));
    const controllers = names.some((name) => name.startsWith('name=')) ? ['none', ...names] : names;
    found.push({ version: 1, mountPoint, controllers: controllers.join(',') });
  }
  return found;
}

export async function hierarchies(): Promise<Hierarchy[]> {
  return hierarchiesOf(await readFile('/proc/self/mounts', 'utf8'));
}

/**
 * Which version the members of a lab see.
 * @throws TagalongError `lab-failed` where this machine does not have it
 */
export function chooseMode(wanted: CgroupMode | 'auto', present: readonly Hierarchy[], lab: string): CgroupMode {
  const hasV1 = present.some((hierarchy) => hierarchy.version === 1 && !hierarchy.controllers.startsWith('none'));
  const hasV2 = present.some((hierarchy) => hierarchy.version === 2);
  const mode = wanted === 'auto' ? (hasV1 ? 'v1' : 'v2') : wanted;
  if (mode === 'v1' ? hasV1 : hasV2) return mode;
  throw new TagalongError('lab-failed', {
    lab,
    problem: `this machine has no control groups of version ${mode.slice(1)}`,
  });
}

/** The directory of a lab, or of one of its members, in a hierarchy. */
export function directoryOf(hierarchy: Hierarchy, lab: string, member = ''): string {
  return join(hierarchy.mountPoint, parent, lab, member);
}

/** What a process joins before it enters a member. In version 2 inner groups hold no processes, so there it is a leaf. */
export function joinedBy(present: readonly Hierarchy[], mode: CgroupMode, lab: string, member: string): string[] {
  return present.map((hierarchy) => {
    const directory = directoryOf(hierarchy, lab, member);
    return mode === 'v2' && hierarchy.version === 2 ? join(directory, 'init') : directory;
  });
}

/** A new cpuset has no processors, and takes no process, until it is told which. */
async function inheritCpuset(directory: string): Promise<void> {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const value = await readFile(join(directory, '..', file), 'utf8');
    await writeFile(join(directory, file), value);
  }
}

/** Lets the children of a version 2 group have the controllers that it has. What cannot be had is left out. */
async function passControllersOn(directory: string): Promise<void> {
  const controllers = await readFile(join(directory, 'cgroup.controllers'), 'utf8').catch(() => '');
  for (const controller of controllers.split(/\s+/).filter((name) => name !== '')) {
    await writeFile(join(directory, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
  }
}

/** Makes the groups of one member in every hierarchy. */
export async function makeCgroups(present: readonly Hierarchy[], lab: string, member: string): Promise<void> {
  for (const hierarchy of present) {
    const steps = [
      join(hierarchy.mountPoint, parent),
      directoryOf(hierarchy, lab),
      directoryOf(hierarchy, lab, member),
    ];
    for (const step of steps) {
      if (hierarchy.version === 2) await passControllersOn(join(step, '..'));
      await mkdir(step, { recursive: true });
      if (hierarchy.controllers.split(',').includes('cpuset')) await inheritCpuset(step);
    }
  }
}

async function groupsBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const inner = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map((entry) => groupsBelow(join(directory, entry.name))),
  );
  return [directory, ...inner.flat()];
}

async function processesIn(directory: string): Promise<number[]> {
  const text = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean).map(Number);
}

/** All processes of a lab, by the pids that this process sees. */
export async function labProcesses(present: readonly Hierarchy[], lab: string): Promise<number[]> {
  const groups = await Promise.all(present.map((hierarchy) => groupsBelow(directoryOf(hierarchy, lab))));
  const pids = await Promise.all(groups.flat().map(processesIn));
  return [...new Set(pids.flat())].filter((pid) => pid > 0);
}

/** A frozen process of a version 1 freezer does not die before it is thawed. */
async function thaw(groups: readonly string[]): Promise<void> {
  for (const group of groups)
    await writeFile(join(group, 'freezer.state'), 'THAWED', { flag: 'r+' }).catch(() => undefined);
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}

/** The dead stay in the process table until the first process of this machine has seen to them: a moment, usually. */
async function awaitBurial(pids: ReadonlySet<number>): Promise<void> {
  const left = () => [...pids].filter((pid) => existsSync(`/proc/${pid}`));
  for (let round = 0; round < 300 && left().length > 0; round += 1) await delay(10);
}

/**
 * Ends every process in the control groups of a lab, and waits until they are gone.
 * @throws TagalongError `lab-failed` where one stays
 */
export async function killLab(present: readonly Hierarchy[], lab: string): Promise<void> {
  const groups = (await Promise.all(present.map((hierarchy) => groupsBelow(directoryOf(hierarchy, lab))))).flat();
  const killed = new Set<number>();
  for (let round = 0; round < 500; round += 1) {
    const pids = await labProcesses(present, lab);
    if (pids.length === 0) return await awaitBurial(killed);
    for (const pid of pids) {
      killed.add(pid);
      killOne(pid);
    }
    await thaw(groups);
    await delay(10);
  }
  const left = await labProcesses(present, lab);
  throw new TagalongError('lab-failed', { lab, problem: `these processes do not end: ${left.join(' ')}` });
}

async function removeGroup(directory: string): Promise<void> {
  for (let round = 0; ; round += 1) {
    try {
      await rmdir(directory);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || round === 200) throw error;
      await delay(10); // the kernel needs a moment after the last process has gone
    }
  }
}

/** Removes the control groups of a lab; those that all labs share go with the last lab. */
export async function removeCgroups(present: readonly Hierarchy[], lab: string): Promise<void> {
  for (const hierarchy of present) {
    for (const group of (await groupsBelow(directoryOf(hierarchy, lab))).reverse()) await removeGroup(group);
    const shared = join(hierarchy.mountPoint, parent);
    if ((await groupsBelow(shared)).length === 1) await rmdir(shared).catch(() => undefined);
  }
}

/** `controllers:name` for each version 1 hierarchy, as the members mount them. */
export function mountList(present: readonly Hierarchy[]): string {
  return present
    .filter((hierarchy) => hierarchy.version === 1)
    .map((hierarchy) => `${hierarchy.controllers}:${basename(hierarchy.mountPoint)}`)
    .join(' ');
}
