import { optional, repeated, required, shape } from '../codec/fields.ts';

// The processor, statistics, and mounts that the kernel serves. Names and numbers: images/*.proto of CRIU (cpuinfo, stats, autofs, binfmt-misc).

export const cpuinfoX86Entry = shape('cpuinfo_x86_entry', {
  vendorId: required(1, 'int32'),
  cpuFamily: required(2, 'uint32'),
  model: required(3, 'uint32'),
  stepping: required(4, 'uint32'),
  capabilityVer: required(5, 'uint32'),
  capability: repeated(6, 'uint32'),
  modelId: optional(7, 'text'),
  xfeaturesMask: optional(8, 'uint64'),
  xsaveSize: optional(9, 'uint32'),
  xsaveSizeMax: optional(10, 'uint32'),
});

export const cpuinfoPpc64Entry = shape('cpuinfo_ppc64_entry', {
  endian: required(1, 'int32'),
  hwcap: repeated(2, 'uint64'),
});

export const cpuinfoS390Entry = shape('cpuinfo_s390_entry', {
  hwcap: repeated(2, 'uint64'),
});

export const cpuinfoEntry = shape('cpuinfo_entry', {
  x86Entry: repeated(1, cpuinfoX86Entry),
  ppc64Entry: repeated(2, cpuinfoPpc64Entry),
  s390Entry: repeated(3, cpuinfoS390Entry),
});

export const dumpStatsEntry = shape('dump_stats_entry', {
  freezingTime: required(1, 'uint32'),
  frozenTime: required(2, 'uint32'),
  memdumpTime: required(3, 'uint32'),
  memwriteTime: required(4, 'uint32'),
  pagesScanned: required(5, 'uint64'),
  pagesSkippedParent: required(6, 'uint64'),
  pagesWritten: required(7, 'uint64'),
  irmapResolve: optional(8, 'uint32'),
  pagesLazy: required(9, 'uint64'),
  pagePipes: optional(10, 'uint64'),
  pagePipeBufs: optional(11, 'uint64'),
  shpagesScanned: optional(12, 'uint64'),
  shpagesSkippedParent: optional(13, 'uint64'),
  shpagesWritten: optional(14, 'uint64'),
});

export const restoreStatsEntry = shape('restore_stats_entry', {
  pagesCompared: required(1, 'uint64'),
  pagesSkippedCow: required(2, 'uint64'),
  forkingTime: required(3, 'uint32'),
  restoreTime: required(4, 'uint32'),
  pagesRestored: optional(5, 'uint64'),
});

export const statsEntry = shape('stats_entry', {
  dump: optional(1, dumpStatsEntry),
  restore: optional(2, restoreStatsEntry),
});

export const autofsEntry = shape('autofs_entry', {
  fd: required(1, 'int32'),
  pgrp: required(2, 'int32'),
  timeout: required(3, 'int32'),
  minproto: required(4, 'int32'),
  maxproto: required(5, 'int32'),
  mode: required(6, 'int32'),
  uid: optional(7, 'int32'),
  gid: optional(8, 'int32'),
  readFd: optional(9, 'int32'),
});

export const binfmtMiscEntry = shape('binfmt_misc_entry', {
  name: required(1, 'text'),
  enabled: required(2, 'bool'),
  interpreter: required(3, 'text'),
  flags: optional(4, 'text'),
  extension: optional(5, 'text'),
  magic: optional(6, 'text'),
  mask: optional(7, 'text'),
  offset: optional(8, 'int32'),
});
