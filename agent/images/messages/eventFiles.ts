import { optional, repeated, required, shape } from '../codec/fields.ts';
import { fhEntry } from './fileHandle.ts';
import { fownEntry } from './owner.ts';

// Files that tell of events. Names and numbers: images/*.proto of CRIU (eventfd, eventpoll, signalfd, timerfd, fsnotify, pidfd).

export const eventfdFileEntry = shape('eventfd_file_entry', {
  id: required(1, 'uint32'),
  flags: required(2, 'uint32'),
  fown: required(3, fownEntry),
  counter: required(4, 'uint64'),
});

export const eventpollTfdEntry = shape('eventpoll_tfd_entry', {
  id: required(1, 'uint32'),
  tfd: required(2, 'uint32'),
  events: required(3, 'uint32'),
  data: required(4, 'uint64'),
  dev: optional(5, 'uint32'),
  inode: optional(6, 'uint64'),
  pos: optional(7, 'uint64'),
});

export const eventpollFileEntry = shape('eventpoll_file_entry', {
  id: required(1, 'uint32'),
  flags: required(2, 'uint32'),
  fown: required(3, fownEntry),
  tfd: repeated(4, eventpollTfdEntry),
});

export const signalfdEntry = shape('signalfd_entry', {
  id: required(1, 'uint32'),
  flags: required(2, 'uint32'),
  fown: required(3, fownEntry),
  sigmask: required(4, 'uint64'),
});

export const timerfdEntry = shape('timerfd_entry', {
  id: required(1, 'uint32'),
  flags: required(2, 'uint32'),
  fown: required(3, fownEntry),
  clockid: required(4, 'uint32'),
  ticks: required(5, 'uint64'),
  settimeFlags: required(6, 'uint32'),
  vsec: required(7, 'uint64'),
  vnsec: required(8, 'uint64'),
  isec: required(9, 'uint64'),
  insec: required(10, 'uint64'),
});

export const inotifyWdEntry = shape('inotify_wd_entry', {
  id: required(1, 'uint32'),
  iIno: required(2, 'uint64'),
  mask: required(3, 'uint32'),
  ignoredMask: required(4, 'uint32'),
  sDev: required(5, 'uint32'),
  wd: required(6, 'uint32'),
  fHandle: required(7, fhEntry),
});

export const inotifyFileEntry = shape('inotify_file_entry', {
  id: required(1, 'uint32'),
  flags: required(2, 'uint32'),
  fown: required(4, fownEntry),
  wd: repeated(5, inotifyWdEntry),
});

export const fanotifyInodeMarkEntry = shape('fanotify_inode_mark_entry', {
  iIno: required(1, 'uint64'),
  fHandle: required(2, fhEntry),
});

export const fanotifyMountMarkEntry = shape('fanotify_mount_mark_entry', {
  mntId: required(1, 'uint32'),
  path: optional(2, 'text'),
});

export const fanotifyMarkEntry = shape('fanotify_mark_entry', {
  id: required(1, 'uint32'),
  type: required(2, 'int32'),
  mflags: required(3, 'uint32'),
  mask: required(4, 'uint32'),
  ignoredMask: required(5, 'uint32'),
  sDev: required(6, 'uint32'),
  ie: optional(7, fanotifyInodeMarkEntry),
  me: optional(8, fanotifyMountMarkEntry),
});

export const fanotifyFileEntry = shape('fanotify_file_entry', {
  id: required(1, 'uint32'),
  flags: required(2, 'uint32'),
  fown: required(3, fownEntry),
  faflags: required(4, 'uint32'),
  evflags: required(5, 'uint32'),
  mark: repeated(6, fanotifyMarkEntry),
});

export const pidfdEntry = shape('pidfd_entry', {
  id: required(1, 'uint32'),
  ino: required(2, 'uint32'),
  flags: required(3, 'uint32'),
  nspid: required(4, 'int32'),
  fown: required(5, fownEntry),
});
