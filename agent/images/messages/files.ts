import { optional, required, shape } from '../codec/fields.ts';
import {
  eventfdFileEntry,
  eventpollFileEntry,
  fanotifyFileEntry,
  inotifyFileEntry,
  pidfdEntry,
  signalfdEntry,
  timerfdEntry,
} from './eventFiles.ts';
import { inetSkEntry } from './inetSockets.ts';
import { bpfmapFileEntry, nsFileEntry, tunfileEntry } from './otherFiles.ts';
import { netlinkSkEntry, packetSockEntry, unixSkEntry } from './otherSockets.ts';
import { fifoEntry, pipeEntry } from './pipes.ts';
import { extFileEntry, memfdFileEntry, regFileEntry } from './regularFiles.ts';
import { ttyFileEntry } from './terminals.ts';

// All open files, and by which descriptors processes hold them. Names and numbers: images/*.proto of CRIU (fdinfo, fs).

export const fdinfoEntry = shape('fdinfo_entry', {
  id: required(1, 'uint32'),
  flags: required(2, 'uint32'),
  type: required(3, 'int32'),
  fd: required(4, 'uint32'),
  xattrSecuritySelinux: optional(5, 'text'),
});

export const fileEntry = shape('file_entry', {
  type: required(1, 'int32'),
  id: required(2, 'uint32'),
  reg: optional(3, regFileEntry),
  isk: optional(4, inetSkEntry),
  nsf: optional(5, nsFileEntry),
  psk: optional(6, packetSockEntry),
  nlsk: optional(7, netlinkSkEntry),
  efd: optional(8, eventfdFileEntry),
  epfd: optional(9, eventpollFileEntry),
  sgfd: optional(10, signalfdEntry),
  tunf: optional(11, tunfileEntry),
  tfd: optional(12, timerfdEntry),
  ify: optional(13, inotifyFileEntry),
  ffy: optional(14, fanotifyFileEntry),
  ext: optional(15, extFileEntry),
  usk: optional(16, unixSkEntry),
  fifo: optional(17, fifoEntry),
  pipe: optional(18, pipeEntry),
  tty: optional(19, ttyFileEntry),
  memfd: optional(20, memfdFileEntry),
  bpf: optional(21, bpfmapFileEntry),
  pidfd: optional(22, pidfdEntry),
});

export const fsEntry = shape('fs_entry', {
  cwdId: required(1, 'uint32'),
  rootId: required(2, 'uint32'),
  umask: optional(3, 'uint32'),
});
