import { badImage } from './badImage.ts';
import type { LiveProcess } from './checkProcesses.ts';
import type { MessageOf } from './codec/fields.ts';
import type { ImageSet } from './imageSet.ts';
import type { fileEntry } from './messages/files.ts';
import { textOf } from './text.ts';

/** The types of open files. Source: images/fdinfo.proto (`fd_types`). */
export const fileTypes = [
  'undefined',
  'file',
  'pipe',
  'FIFO',
  'inet socket',
  'unix socket',
  'eventfd',
  'epoll',
  'inotify',
  'signalfd',
  'packet socket',
  'terminal',
  'fanotify',
  'netlink socket',
  'namespace',
  'tun',
  'external',
  'timerfd',
  'memfd',
  'BPF map',
  'pidfd',
] as const;

/** The part of a file entry that tells of a type; the order is that of {@link fileTypes}. */
const parts = [
  undefined,
  'reg',
  'pipe',
  'fifo',
  'isk',
  'usk',
  'efd',
  'epfd',
  'ify',
  'sgfd',
  'psk',
  'tty',
  'ffy',
  'nlsk',
  'nsf',
  'tunf',
  'ext',
  'tfd',
  'memfd',
  'bpf',
  'pidfd',
] as const;

const established = 1;
const tcp = 6;
const ghost = 1;

/** All open files, by their ids. */
export type FilesById = ReadonlyMap<number, MessageOf<typeof fileEntry>>;

function leaves(path: string): boolean {
  return path.split('/').includes('..') || path.includes('\0');
}

/** The open files by id. @throws TagalongError `bad-image` if one is not what its type says, or an id is there twice */
export function readFiles(set: ImageSet): FilesById {
  const files = new Map<number, MessageOf<typeof fileEntry>>();
  for (const { message } of set.entries('files')) {
    const { type, id } = message;
    const part = parts[type];
    if (part === undefined) throw badImage('files.img', `the file ${id} is of the unknown type ${type}`);
    if (message[part]?.id !== id) throw badImage('files.img', `the file ${id} has no entry as ${fileTypes[type]}`);
    if (files.has(id)) throw badImage('files.img', `the file ${id} is there twice`);
    files.set(id, message);
  }
  return files;
}

/**
 * Checks that what processes hold open is there, that the names of files stay where they are, and that each established
 * connection has its state.
 *
 * @throws TagalongError `bad-image`
 */
export function checkFiles(set: ImageSet, files: FilesById, processes: readonly LiveProcess[]): void {
  for (const [id, { reg, isk }] of files) {
    if (reg !== undefined && leaves(textOf(reg.name)))
      throw badImage('files.img', `the name of the file ${id} leads out of its directory: ${textOf(reg.name)}`);
    if (isk !== undefined && isk.proto === tcp && isk.state === established)
      set.entry('tcp-stream', isk.ino.toString(16));
  }
  for (const { kind, id, file } of set.members) {
    if (kind !== 'mountpoints') continue;
    for (const { message } of set.entries('mountpoints', id))
      if (leaves(textOf(message.mountpoint)) || leaves(textOf(message.root)))
        throw badImage(file, `a mount leads out of its directory: ${textOf(message.mountpoint)}`);
  }
  for (const { message } of set.entries('remap-fpath')) {
    const original = files.get(message.origId);
    if (original === undefined) throw badImage('remap-fpath.img', `there is no file ${message.origId}`);
    if ((message.remapType ?? ghost) === ghost) set.sizeOf(`ghost-file-${message.remapId.toString(16)}.img`);
  }
  for (const filesId of new Set(processes.map((process) => process.filesId))) {
    const file = `fdinfo-${filesId}.img`;
    // a process may have no file open at all, and then has no such image
    const descriptors = new Set<number>();
    for (const { message } of set.entries('fdinfo', filesId)) {
      const { id, type, fd } = message;
      if (files.get(id)?.type !== type) throw badImage(file, `there is no ${fileTypes[type] ?? 'file'} ${id}`);
      if (descriptors.has(fd)) throw badImage(file, `the descriptor ${fd} is there twice`);
      descriptors.add(fd);
    }
  }
  for (const { pid } of processes) {
    const { cwdId, rootId } = set.entry('fs', pid);
    for (const id of [cwdId, rootId]) if (!files.has(id)) throw badImage(`fs-${pid}.img`, `there is no file ${id}`);
  }
}
