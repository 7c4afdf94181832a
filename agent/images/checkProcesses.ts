import { badImage } from './badImage.ts';
import type { ImageSet } from './imageSet.ts';
import { readPstree } from './pstree.ts';

/** The states of a process in its core. Source: criu/include/rst_info.h (`TASK_ALIVE` …). */
export const taskState = { alive: 1, dead: 2, stopped: 3, helper: 4, thread: 5, zombie: 6 } as const;

/** The architectures of cores, by `mtype`. Source: images/core.proto. */
export const architectures = ['unknown', 'x86_64', 'arm', 'aarch64', 'ppc64', 's390', 'mips', 'loongarch64', 'riscv64'];

/** A process that runs again after a restore, and what its other images are called by. */
export interface LiveProcess {
  pid: number;
  /** The number N of `fdinfo-N.img`. */
  filesId: number;
}

/** The field of a core that holds the registers, by `mtype`. */
const registers = [
  undefined,
  'threadInfo',
  'tiArm',
  'tiAarch64',
  'tiPpc64',
  'tiS390',
  'tiMips',
  'tiLoongarch64',
  'tiRiscv64',
] as const;

/**
 * Checks that the tree of processes is one, and that each has its core, ids and place in the file system.
 *
 * @returns the processes that are not dead
 * @throws TagalongError `bad-image`
 */
export function checkProcesses(set: ImageSet): LiveProcess[] {
  const processes = readPstree(set.bytes('pstree.img'));
  const problem = (text: string) => badImage('pstree.img', text);
  if (processes.length === 0) throw problem('there is no process in it');
  const pids = new Set<number>();
  const types = new Set<number>();
  const live: LiveProcess[] = [];
  for (const [index, { pid, ppid, threads }] of processes.entries()) {
    if (pid === 0 || pids.has(pid)) throw problem(`the pid ${pid} is not that of one process`);
    if (index > 0 && !pids.has(ppid)) throw problem(`the parent ${ppid} of process ${pid} is not before it`);
    pids.add(pid);
    const file = `core-${pid}.img`;
    const core = set.entry('core', pid);
    types.add(core.mtype);
    if (core.tc === undefined) throw badImage(file, 'it tells nothing of the process');
    if (core.tc.taskState < taskState.alive || core.tc.taskState > taskState.zombie)
      throw badImage(file, `a process is never in state ${core.tc.taskState}`);
    // CRIU leaves the threads of a dead process unwritten: the field holds anything
    if (core.tc.taskState === taskState.dead || core.tc.taskState === taskState.zombie) continue;
    if (threads[0] !== pid) throw problem(`the first thread of process ${pid} is ${threads[0]}`);
    for (const thread of threads) checkThread(set, thread, core.mtype);
    set.entry('fs', pid);
    const ids = set.has(`ids-${pid}.img`) ? set.entry('ids', pid) : core.ids;
    if (ids === undefined) throw badImage(`ids-${pid}.img`, 'it is missing');
    live.push({ pid, filesId: ids.filesId });
  }
  if (types.size !== 1) throw problem('its processes are of different architectures');
  return live;
}

function checkThread(set: ImageSet, thread: number, mtype: number): void {
  const file = `core-${thread}.img`;
  const core = set.entry('core', thread);
  if (core.mtype !== mtype) throw badImage(file, 'it is of another architecture than its process');
  if (core.threadCore === undefined) throw badImage(file, 'it tells nothing of the thread');
  const field = registers[mtype];
  if (field === undefined || core[field] === undefined)
    throw badImage(file, `it has no registers of ${architectures[mtype] ?? `architecture ${mtype}`}`);
}
