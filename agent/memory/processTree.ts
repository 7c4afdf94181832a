import { readFileSync } from 'node:fs';

/** A process as its container numbers it; 0 is a parent outside of the container. */
export interface NumberedProcess {
  pid: number;
  ppid: number;
  pgid: number;
  sid: number;
}

/**
 * The processes of a container, parents before children.
 *
 * @param hostPids - as this node numbers them; those that have ended are left out
 */
export function processTree(hostPids: readonly number[]): NumberedProcess[] {
  const read = hostPids.flatMap((hostPid) => {
    try {
      return [parseStatus(readFileSync(`/proc/${hostPid}/status`, 'latin1'), hostPid)];
    } catch {
      return [];
    }
  });
  const numberOf = new Map(read.map(({ hostPid, pid }) => [hostPid, pid]));
  const numbered = read.map(({ pid, pgid, sid, hostParent }) => ({
    pid,
    ppid: numberOf.get(hostParent) ?? 0,
    pgid,
    sid,
  }));
  return inOrder(numbered);
}

/** Source: proc_pid_status(5); the last number of each line is that of the innermost namespace. */
export function parseStatus(text: string, hostPid: number) {
  const last = (name: string) => Number(new RegExp(`^${name}:.*?(\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  return { hostPid, pid: last('NSpid'), pgid: last('NSpgid'), sid: last('NSsid'), hostParent: last('PPid') };
}

function inOrder(processes: readonly NumberedProcess[]): NumberedProcess[] {
  const ordered: NumberedProcess[] = [];
  const visit = (ppid: number) => {
    for (const process of processes) {
      if (process.ppid !== ppid) continue;
      ordered.push(process);
      visit(process.pid);
    }
  };
  visit(0);
  return ordered;
}
