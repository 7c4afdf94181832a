import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { checkName } from './guard.ts';
import { cacheDirectory } from './rootFileSystem.ts';

/** The tree that this program runs from; every member sees it, read-only, at `/opt/tagalong`. */
export const projectDirectory = resolve(import.meta.dirname, '../..');

/** Where the labs' state files and sockets are: `TAGALONG_LAB_STATE`, else `/run/tagalong-lab`. */
export function allStates(): string {
  return process.env['TAGALONG_LAB_STATE'] ?? '/run/tagalong-lab';
}

/** Where the members' file systems are, on a real disk: `TAGALONG_LAB_DATA`, else `/var/lib/tagalong-lab`. */
export function allData(): string {
  return process.env['TAGALONG_LAB_DATA'] ?? '/var/lib/tagalong-lab';
}

function lockNumber(lab: string): number {
  return createHash('sha256').update(lab).digest().readUInt8() % 64;
}

/** The paths of one lab. @throws TagalongError `lab-failed` where its name cannot be a part of one */
export function pathsOf(lab: string): {
  state: string;
  stateFile: string;
  shared: string;
  brokerSocket: string;
  data: string;
  lock: string;
} {
  checkName(lab);
  const state = join(allStates(), lab);
  const shared = join(state, 'shared');
  return {
    state,
    stateFile: join(state, 'lab.json'),
    shared,
    brokerSocket: join(shared, 'broker.sock'),
    data: join(allData(), lab),
    // not in the state directory, which goes with the lab; a lock file cannot be removed safely, so labs share a few
    lock: join(cacheDirectory(), `lab-${lockNumber(lab)}.lock`),
  };
}

/** The directory of one member's file systems. */
export function memberDirectory(lab: string, member: string): string {
  return join(pathsOf(lab).data, member);
}
