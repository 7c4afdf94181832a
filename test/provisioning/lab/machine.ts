import { readdir, readFile, readlink } from 'node:fs/promises';
import type { ExecutionContext } from 'ava';
import { run } from '../../../host/command.ts';
import { startTimeOf } from '../../../host/processes.ts';
import { hierarchies, labProcesses } from '../../../provisioning/lab/cgroups.ts';
import { labDown } from '../../../provisioning/lab/down.ts';

/** A name that no other test has; the lab is taken down when the test ends, however. */
export function labName(t: ExecutionContext, label: string): string {
  const name = `t${process.pid}-${label}`;
  t.teardown(() => labDown({ name }));
  return name;
}

const kinds = ['mnt', 'net', 'pid', 'uts', 'ipc', 'cgroup'];

async function namespacesOf(pid: number | string): Promise<string[]> {
  const links = kinds.map((kind) => readlink(`/proc/${pid}/ns/${kind}`).catch(() => ''));
  return (await Promise.all(links)).filter((link) => link !== '');
}

/** A process for good: a pid and a namespace's number may be given anew when the lab is gone. */
async function keyOf(pid: string): Promise<string> {
  return `${pid} started ${await startTimeOf(Number(pid))}`;
}

async function allPids(): Promise<string[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
}

/** All processes that are in a control group or a namespace of a lab, apart from the namespaces of this process. */
export async function labInhabitants(lab: string): Promise<{ keys: Set<string>; namespaces: Set<string> }> {
  const own = new Set(await namespacesOf('self'));
  const members = await labProcesses(await hierarchies(), lab);
  const all = await Promise.all(members.map(namespacesOf));
  const namespaces = new Set(all.flat().filter((namespace) => !own.has(namespace)));
  const keys = new Set<string>();
  for (const pid of await allPids()) {
    const inside = (await namespacesOf(pid)).some((namespace) => namespaces.has(namespace));
    if (inside || members.includes(Number(pid))) keys.add(await keyOf(pid));
  }
  return { keys, namespaces };
}

async function linesOf(file: string, parameters: string[]): Promise<string[]> {
  return (await run(file, parameters)).stdout.split('\n').filter(Boolean);
}

/**
 * All that a lab may leave on this machine. Other tests run meanwhile, so what is theirs is left out: of processes those
 * count that were in the lab or speak of it, of mounts and control groups those of its name.
 */
export async function tracesOf(lab: string, inhabitants: ReadonlySet<string>): Promise<Record<string, string[]>> {
  const processes: string[] = [];
  for (const pid of await allPids()) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const known = commandLine.includes(`/${lab}/`) || commandLine.includes(`tagalong-lab/${lab}`);
    if (known || inhabitants.has(await keyOf(pid))) processes.push(`${pid} ${commandLine.replaceAll('\0', ' ')}`);
  }
  const groups = (await hierarchies()).map(({ mountPoint }) => mountPoint);
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  return {
    processes,
    mounts: mounts.filter((line) => line.includes(lab) || line.includes('nsfs')),
    groups: await linesOf('find', [...groups, '-maxdepth', '3', '-name', lab]),
    links: (await linesOf('ip', ['-br', 'link'])).filter((line) =>
      /^(up0|air-|ap\d|node\d|phone\d|controller)/.test(line),
    ),
    namespaces: (await linesOf('ip', ['netns'])).filter((line) => line.includes(lab)),
    files: await linesOf('find', ['/run', '/var/lib', '/tmp', '-maxdepth', '2', '-name', lab]),
  };
}

/** As {@link tracesOf} on a machine without the lab. */
export const nothing = { processes: [], mounts: [], groups: [], links: [], namespaces: [], files: [] };
