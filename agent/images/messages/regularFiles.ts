import { optional, repeated, required, shape } from '../codec/fields.ts';
import { fownEntry } from './owner.ts';

// Files that have a name, or had one. Names and numbers: images/*.proto of CRIU (regfile, ext-file, memfd, remap-file-path, time, ghost-file).

export const regFileEntry = shape('reg_file_entry', {
  id: required(1, 'uint32'),
  flags: required(2, 'uint32'),
  pos: required(3, 'uint64'),
  fown: required(5, fownEntry),
  name: required(6, 'text'),
  mntId: optional(7, 'sint32'),
  size: optional(8, 'uint64'),
  ext: optional(9, 'bool'),
  mode: optional(10, 'uint32'),
  buildId: repeated(11, 'uint32'),
  checksum: optional(12, 'uint32'),
  checksumConfig: optional(13, 'uint32'),
  checksumParameter: optional(14, 'uint32'),
});

export const extFileEntry = shape('ext_file_entry', {
  id: required(1, 'uint32'),
  fown: required(5, fownEntry),
});

export const memfdFileEntry = shape('memfd_file_entry', {
  id: required(1, 'uint32'),
  flags: required(2, 'uint32'),
  pos: required(3, 'uint64'),
  fown: required(4, fownEntry),
  inodeId: required(5, 'uint32'),
});

export const memfdInodeEntry = shape('memfd_inode_entry', {
  name: required(1, 'text'),
  uid: required(2, 'uint32'),
  gid: required(3, 'uint32'),
  size: required(4, 'uint64'),
  shmid: required(5, 'uint32'),
  seals: required(6, 'uint32'),
  inodeId: required(7, 'uint64'),
  hugetlbFlag: optional(8, 'uint32'),
  mode: optional(9, 'uint32'),
});

export const remapFilePathEntry = shape('remap_file_path_entry', {
  origId: required(1, 'uint32'),
  remapId: required(2, 'uint32'),
  remapType: optional(3, 'int32'),
});

export const timeval = shape('timeval', {
  tvSec: required(1, 'uint64'),
  tvUsec: required(2, 'uint64'),
});

export const ghostFileEntry = shape('ghost_file_entry', {
  uid: required(1, 'uint32'),
  gid: required(2, 'uint32'),
  mode: required(3, 'uint32'),
  dev: optional(4, 'uint32'),
  ino: optional(5, 'uint64'),
  rdev: optional(6, 'uint32'),
  atim: optional(7, timeval),
  mtim: optional(8, timeval),
  chunks: optional(9, 'bool'),
  size: optional(10, 'uint64'),
  symlnkTarget: optional(11, 'text'),
});

export const ghostChunkEntry = shape('ghost_chunk_entry', {
  len: required(1, 'uint64'),
  off: required(2, 'uint64'),
});
