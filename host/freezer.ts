import { readFileSync } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { TagalongError } from '../broker/contract/errors.ts';

/** The freezer of one control group: stops and continues all processes in it, unseen by them. */
export interface Freezer {
  /** Resolves when every process stands still. */
  freeze(): Promise<void>;
  /**
   * As {@link freeze}, and each of them stands where a tracer can stop it, as CRIU does: one that waits in vfork(2) for a
   * child that stands still as well would not be. They run on for moments until it is so, or for two seconds, since a child
   * may take its time.
   */
  freezeTraceable(): Promise<void>;
  /** Lets them run on. */
  thaw(): Promise<void>;
  isFrozen(): Promise<boolean>;
  /** The processes in the group, by their id in this namespace. */
  processes(): Promise<number[]>;
}

interface Controls {
  directory: string;
  file: string;
  frozen: string;
  thawed: string;
  /** The file that lists all threads. */
  threads: string;
  /** What the kernel shows when every process stands still. */
  isStill: () => Promise<boolean>;
}

/**
 * Finds the freezer of the group that a process is in.
 * Source: Linux Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst and cgroup-v2.rst (cgroup.freeze).
 *
 * @param pid - a process of the container
 */
export async function freezerOf(pid: number): Promise<Freezer> {
  const controls = await findControls(await readFile(`/proc/${pid}/cgroup`, 'utf8'));
  const set = (value: string) => writeFile(join(controls.directory, controls.file), value);

  async function freeze(): Promise<void> {
    // a process that waits in vfork(2) for a child which stands still already misses the first word, but hears a later one
    await set(controls.frozen);
    const deadline = Date.now() + 10_000;
    while (!(await controls.isStill())) {
      if (Date.now() > deadline) {
        await set(controls.thawed);
        throw new TagalongError('command-failed', {
          command: `freeze ${controls.directory}`,
          problem: 'a process does not stop',
        });
      }
      await wait(1);
      await set(controls.frozen);
    }
  }

  return {
    freeze,
    async freezeTraceable() {
      const deadline = Date.now() + 2000;
      for (;;) {
        await freeze();
        const threads = readFileSync(join(controls.directory, controls.threads), 'utf8').split('\n').filter(Boolean);
        if (!threads.some(waitsForChild) || Date.now() > deadline) return;
        await set(controls.thawed);
        await wait(1);
      }
    },
    thaw: () => set(controls.thawed),
    isFrozen: () => controls.isStill(),
    async processes() {
      const text = await readFile(join(controls.directory, 'cgroup.procs'), 'utf8');
      return text.split('\n').filter(Boolean).map(Number);
    },
  };
}

/** The functions of the kernel in which a thread waits for a child of vfork(2), in versions from 4.9 to 6.18 (kernel/fork.c). */
const waitingFunctions = new Set(['kernel_clone', '_do_fork', 'wait_for_vfork_done']);

/** Where the kernel does not tell (proc_pid_wchan(5)), no thread seems to. */
function waitsForChild(thread: string): boolean {
  try {
    return waitingFunctions.has(readFileSync(`/proc/${thread}/wchan`, 'utf8'));
  } catch {
    return false; // it has ended
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function findControls(memberships: string): Promise<Controls> {
  const lines = memberships
    .trim()
    .split('\n')
    .map((line) => line.split(':'));
  const v1 = lines.find(([, controllers]) => controllers?.split(',').includes('freezer'));
  const read = async (path: string) => (await readFile(path, 'utf8')).trim();
  const directoryOfV1 = join('/sys/fs/cgroup/freezer', v1?.slice(2).join(':') ?? '');
  const state = join(directoryOfV1, 'freezer.state');
  // the kernel names the hierarchies of version 1 also where only version 2 is mounted
  if (v1 !== undefined && (await isThere(state))) {
    return {
      directory: directoryOfV1,
      file: 'freezer.state',
      frozen: 'FROZEN',
      thawed: 'THAWED',
      threads: 'tasks',
      isStill: async () => (await read(state)) === 'FROZEN',
    };
  }
  const v2 = lines.find(([id]) => id === '0');
  const directory = join('/sys/fs/cgroup', v2?.slice(2).join(':') ?? '');
  const events = join(directory, 'cgroup.events');
  return {
    directory,
    file: 'cgroup.freeze',
    frozen: '1',
    thawed: '0',
    threads: 'cgroup.threads',
    isStill: async () => /^frozen 1$/m.test(await read(events)),
  };
}
