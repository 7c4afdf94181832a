import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';

/** One process as /proc shows it. */
export interface ProcessSample {
  pid: number;
  parentPid: number;
  /** In clock ticks since boot: with the pid it names one process for good. */
  startTicks: number;
  /** Its own processor time and that of the children it has waited for, in clock ticks. */
  cpuTicks: number;
  /** Its command line; a process that was forked and runs no program of its own yet has that of its parent. */
  command: string;
  /** The most that it ever had resident, since {@link resetPeak} at most. */
  peakBytes: number;
  /** What of its memory is pages of files, its program above all: processes of one program share them. */
  fileBytes: number;
  /** The file of its program; empty where it cannot be told. */
  program: string;
}

/** What a clock tick of /proc is: USER_HZ is 100 on all architectures that Node runs on. */
export const msPerTick = 10;

type Times = Omit<ProcessSample, 'peakBytes' | 'fileBytes' | 'program' | 'command'>;

/** The text of /proc/PID/stat, proc_pid_stat(5); undefined for a zombie. */
export function parseStat(text: string): Times | undefined {
  // the second field, the name in brackets, may hold anything
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  const number = (field: number) => Number(fields[field - 3]);
  return {
    pid: Number.parseInt(text, 10),
    parentPid: number(4),
    startTicks: number(22),
    cpuTicks: number(14) + number(15) + number(16) + number(17),
  };
}

/** `VmHWM` and `RssFile` in the text of /proc/PID/status, in bytes; 0 for a process without memory of its own. */
export function parseMemory(text: string): { peakBytes: number; fileBytes: number } {
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { peakBytes: bytes('VmHWM'), fileBytes: bytes('RssFile') };
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // it has ended meanwhile
  }
}

/** The processes of a namespace of pids, those of the namespaces inside of it left out: a container has one of its own. */
export function processesBeside(pid: number): ProcessSample[] {
  const namespace = readlinkSync(`/proc/${pid}/ns/pid`);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const beside = pids.filter((other) => unlessGone(() => readlinkSync(`/proc/${other}/ns/pid`)) === namespace);
  return beside.flatMap((one) => {
    const times = unlessGone(() => parseStat(readFileSync(`/proc/${one}/stat`, 'latin1')));
    const memory = unlessGone(() => parseMemory(readFileSync(`/proc/${one}/status`, 'latin1')));
    const program = unlessGone(() => readlinkSync(`/proc/${one}/exe`)) ?? '';
    const command = unlessGone(() => readFileSync(`/proc/${one}/cmdline`, 'latin1'));
    return times && memory && command !== undefined ? [{ ...times, ...memory, program, command }] : [];
  });
}

/** Whether the environment that a process was started with, or that of a parent that it took over, has a variable. */
export function hasVariable(pid: number, variable: string): boolean {
  const text = unlessGone(() => readFileSync(`/proc/${pid}/environ`, 'latin1')) ?? '';
  return text.split('\0').includes(variable);
}

/** From now on the peak of a process counts anew: 5 in /proc/PID/clear_refs, proc_pid_clear_refs(5). */
export function resetPeak(pid: number): void {
  unlessGone(() => writeFileSync(`/proc/${pid}/clear_refs`, '5'));
}
