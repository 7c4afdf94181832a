import { optional, repeated, required, shape } from '../codec/fields.ts';

// Names and numbers: images/mm.proto, images/vma.proto of CRIU.

export const vmaEntry = shape('vma_entry', {
  start: required(1, 'uint64'),
  end: required(2, 'uint64'),
  pgoff: required(3, 'uint64'),
  shmid: required(4, 'uint64'),
  prot: required(5, 'uint32'),
  flags: required(6, 'uint32'),
  status: required(7, 'uint32'),
  fd: required(8, 'sint64'),
  madv: optional(9, 'uint64'),
  fdflags: optional(10, 'uint32'),
});

const aioRingEntry = shape('aio_ring_entry', {
  id: required(1, 'uint64'),
  nrReq: required(2, 'uint32'),
  ringLen: required(3, 'uint32'),
});

export const mmEntry = shape('mm_entry', {
  mmStartCode: required(1, 'uint64'),
  mmEndCode: required(2, 'uint64'),
  mmStartData: required(3, 'uint64'),
  mmEndData: required(4, 'uint64'),
  mmStartStack: required(5, 'uint64'),
  mmStartBrk: required(6, 'uint64'),
  mmBrk: required(7, 'uint64'),
  mmArgStart: required(8, 'uint64'),
  mmArgEnd: required(9, 'uint64'),
  mmEnvStart: required(10, 'uint64'),
  mmEnvEnd: required(11, 'uint64'),
  exeFileId: required(12, 'uint32'),
  mmSavedAuxv: repeated(13, 'uint64'),
  vmas: repeated(14, vmaEntry),
  dumpable: optional(15, 'int32'),
  aios: repeated(16, aioRingEntry),
  thpDisabled: optional(17, 'bool'),
});
