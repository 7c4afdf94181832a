import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TagalongError } from '../../../broker/contract/errors.ts';
import { run } from '../../../host/command.ts';
import { startTimeOf } from '../../../host/processes.ts';
import { type Hierarchy, joinedBy, makeCgroups, mountList } from '../cgroups.ts';
import { memberDirectory, pathsOf, projectDirectory } from '../directories.ts';
import type { LabMember, LabProcess, LabState } from '../state.ts';

/** A file that a member finds when it starts. */
export interface MemberFile {
  path: string;
  text: string;
  mode?: number;
}

async function writeFiles(directory: string, files: readonly MemberFile[]): Promise<void> {
  for (const { path, text, mode } of files) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text, { mode: mode ?? 0o644 });
  }
}

/**
 * Starts the namespaces of one member, with its root in place and nothing but its first process.
 *
 * @param rootFileSystem - what all members share, read-only
 * @throws TagalongError `lab-failed`
 */
export async function startMember(
  state: LabState,
  member: LabMember,
  rootFileSystem: string,
  present: readonly Hierarchy[],
  files: readonly MemberFile[],
): Promise<LabProcess> {
  const directory = memberDirectory(state.name, member.name);
  for (const name of ['upper', 'work', 'root', 'data']) await mkdir(join(directory, name), { recursive: true });
  await writeFiles(join(directory, 'upper'), files);
  await makeCgroups(present, state.name, member.name);
  // the leaf of version 2 is made by the member itself, so that its namespace starts above it
  const groups = joinedBy(present, 'v1', state.name, member.name);
  const { stdout, stderr } = await run('sh', [join(import.meta.dirname, 'launch.sh'), ...groups], {
    timeoutMs: 30_000,
    env: {
      LAB_INIT: join(import.meta.dirname, 'init.sh'),
      LAB_MEMBER: member.name,
      LAB_LOWER: rootFileSystem,
      LAB_DIRECTORY: directory,
      LAB_PROJECT: projectDirectory,
      LAB_CGROUP: state.cgroup,
      LAB_CGROUP_MOUNTS: mountList(present),
      LAB_SHARED: member.kind === 'controller' ? pathsOf(state.name).shared : '',
    },
  });
  const pid = Number(/^\d+$/m.exec(stdout)?.[0]);
  const startTime = await startTimeOf(pid);
  if (!/^ready$/m.test(stdout) || startTime === undefined) {
    throw new TagalongError('lab-failed', { lab: state.name, problem: `${member.name}: ${stderr.trim()}` });
  }
  return { pid, startTime };
}
