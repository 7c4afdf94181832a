import { readFile } from 'node:fs/promises';

/**
 * When a process started, in clock ticks since boot: with the pid it names one process for good.
 * @returns undefined where there is no such process, or only its zombie
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // proc_pid_stat(5): the second field, the name in brackets, may hold anything
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Resident memory of a process in bytes; 0 where there is no such process. */
export async function residentBytesOf(pid: number): Promise<number> {
  try {
    const pages = Number((await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')[1]);
    return pages * 4096;
  } catch {
    return 0;
  }
}
