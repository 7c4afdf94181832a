import type { FilesById } from '../checkFiles.ts';
import { architectures, taskState } from '../checkProcesses.ts';
import type { ImageSet } from '../imageSet.ts';
import { readPstree } from '../pstree.ts';
import { textOf } from '../text.ts';
import { fileName } from './fileName.ts';
import { type MappingSummary, type MemoryBytes, summarizeMappings, sumOf } from './memory.ts';
import { type SocketSummary, socketOf } from './sockets.ts';

/** A descriptor of a process. */
export interface OpenFile {
  fd: number;
  name: string;
  /** If it is a socket. */
  socket: SocketSummary | undefined;
}

/** A process of the images. */
export interface ProcessSummary {
  pid: number;
  ppid: number;
  name: string;
  state: 'running' | 'stopped' | 'dead';
  architecture: string;
  userId: number | undefined;
  threads: number;
  memory: MemoryBytes;
  mappings: MappingSummary[];
  openFiles: OpenFile[];
}

function openFilesOf(set: ImageSet, filesId: number, files: FilesById): OpenFile[] {
  return set.entries('fdinfo', filesId).map(({ message: { fd, id } }) => {
    const file = files.get(id);
    if (file === undefined) return { fd, name: `missing file ${id}`, socket: undefined };
    return { fd, name: fileName(file), socket: socketOf(file) };
  });
}

/** The processes of the images, parents first. @throws TagalongError `bad-image` */
export function summarizeProcesses(set: ImageSet, files: FilesById, pageBytes: number): ProcessSummary[] {
  // a pre-dump has no tree
  if (!set.has('pstree.img')) return [];
  return readPstree(set.bytes('pstree.img')).map(({ pid, ppid, threads }) => {
    const core = set.entry('core', pid);
    const dead = core.tc?.taskState === taskState.dead || core.tc?.taskState === taskState.zombie;
    const ids = set.has(`ids-${pid}.img`) ? set.entry('ids', pid) : core.ids;
    const mappings = dead ? [] : summarizeMappings(set, pid, files, pageBytes);
    return {
      pid,
      ppid,
      name: core.tc === undefined ? '' : textOf(core.tc.comm),
      state: dead ? 'dead' : core.tc?.taskState === taskState.stopped ? 'stopped' : 'running',
      architecture: architectures[core.mtype] ?? 'unknown',
      userId: core.threadCore?.creds?.euid,
      threads: dead ? 0 : threads.length,
      memory: sumOf(mappings),
      mappings,
      openFiles: dead || ids === undefined ? [] : openFilesOf(set, ids.filesId, files),
    };
  });
}
