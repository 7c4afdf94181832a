import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../host/command.ts';
import { gracePeriodsNote, makeGracePeriods } from '../../host/gracePeriods.ts';
import { hierarchies, killLab, labProcesses, removeCgroups } from './cgroups.ts';
import { allData, allStates, pathsOf } from './directories.ts';
import { requireRoot } from './guard.ts';
import { withLock } from './lock.ts';
import { findState, isAlive } from './state.ts';

export interface LabDownOptions {
  name: string;
}

/** Processes of the lab that are in none of its control groups: there are none, but a recorded one is ended all the same. */
async function killRecorded(lab: string): Promise<number> {
  let killed = 0;
  for (const { process: recorded } of (await findState(lab))?.members ?? []) {
    if (recorded === undefined || !(await isAlive(recorded))) continue;
    process.kill(recorded.pid, 'SIGKILL');
    killed += 1;
  }
  return killed;
}

/** Mounts that are visible on this machine: the members' own are not, unless something was mounted by hand. */
async function unmountBelow(directories: readonly string[]): Promise<void> {
  const text = await readFile('/proc/self/mounts', 'utf8');
  const points = text.split('\n').map((line) => (line.split(' ')[1] ?? '').replaceAll('\\040', ' '));
  const ours = points.filter((point) => directories.some((directory) => point.startsWith(`${directory}/`)));
  for (const point of ours.reverse()) await run('umount', ['--lazy', point]);
}

/** Turns back what an agent that was ended in the middle of a move has left turned on for the whole machine. */
async function calmKernel(data: string): Promise<void> {
  for (const member of await readdir(data).catch(() => []))
    makeGracePeriods(join(data, member, 'data', gracePeriodsNote)).close();
}

/** For those that hold the lock already: as {@link labDown}. */
export async function takeDown(lab: string): Promise<boolean> {
  const { state, data } = pathsOf(lab);
  const present = await hierarchies();
  const known = (await findState(lab)) !== undefined || (await labProcesses(present, lab)).length > 0;
  await killLab(present, lab);
  await killRecorded(lab);
  await removeCgroups(present, lab);
  await calmKernel(data);
  await unmountBelow([state, data]);
  await rm(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  // last: as long as there is something left, there is a state that tells of it
  await rm(state, { recursive: true, force: true });
  for (const shared of [allData(), allStates()]) await rmdir(shared).catch(() => undefined);
  return known;
}

/**
 * Takes a lab down: every process, namespace, mount, control group, link and file of it, also what a crash left behind.
 * Does nothing where there is none.
 *
 * @returns whether there was one
 * @throws TagalongError `not-root`, or `lab-failed` where something stays
 */
export async function labDown({ name }: LabDownOptions): Promise<boolean> {
  requireRoot('taking a lab down');
  return await withLock(pathsOf(name).lock, () => takeDown(name));
}
