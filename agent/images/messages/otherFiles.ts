import { optional, required, shape } from '../codec/fields.ts';
import { fownEntry } from './owner.ts';

// Other open files, and locks. Names and numbers: images/*.proto of CRIU (ns, tun, bpfmap-file, bpfmap-data, file-lock).

export const nsFileEntry = shape('ns_file_entry', {
  id: required(1, 'uint32'),
  nsId: required(2, 'uint32'),
  nsCflag: required(3, 'uint32'),
  flags: required(4, 'uint32'),
});

export const tunfileEntry = shape('tunfile_entry', {
  id: required(1, 'uint32'),
  netdev: optional(2, 'text'),
  detached: optional(3, 'bool'),
  nsId: optional(4, 'uint32'),
});

export const tunLinkEntry = shape('tun_link_entry', {
  flags: required(1, 'uint32'),
  owner: required(2, 'int32'),
  group: required(3, 'int32'),
  vnethdr: required(4, 'uint32'),
  sndbuf: required(5, 'uint32'),
});

export const bpfmapFileEntry = shape('bpfmap_file_entry', {
  id: required(1, 'uint32'),
  flags: required(2, 'uint32'),
  pos: required(3, 'uint64'),
  fown: required(4, fownEntry),
  mapType: required(5, 'uint32'),
  keySize: required(6, 'uint32'),
  valueSize: required(7, 'uint32'),
  mapId: required(8, 'uint32'),
  maxEntries: required(9, 'uint32'),
  mapFlags: required(10, 'uint32'),
  memlock: required(11, 'uint64'),
  frozen: required(12, 'bool'),
  mapName: required(13, 'text'),
  ifindex: required(14, 'uint32'),
  mntId: optional(15, 'sint32'),
  mapExtra: optional(16, 'uint64'),
});

export const bpfmapDataEntry = shape('bpfmap_data_entry', {
  mapId: required(1, 'uint32'),
  keysBytes: required(2, 'uint32'),
  valuesBytes: required(3, 'uint32'),
  count: required(4, 'uint32'),
});

export const fileLockEntry = shape('file_lock_entry', {
  flag: required(1, 'uint32'),
  type: required(2, 'uint32'),
  pid: required(3, 'int32'),
  fd: required(4, 'int32'),
  start: required(5, 'int64'),
  len: required(6, 'int64'),
});
