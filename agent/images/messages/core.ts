import { optional, repeated, required, shape } from '../codec/fields.ts';
import { credsEntry, rlimitEntry } from './credentials.ts';
import { threadInfoX86 } from './processor.ts';
import { threadInfoAarch64 } from './processorArm64.ts';
import { saEntry, signalQueueEntry } from './signals.ts';
import { taskTimersEntry } from './timers.ts';

// One thread, and for the first of a process the process. Names and numbers: images/*.proto of CRIU (rseq, core).

export const rseqEntry = shape('rseq_entry', {
  rseqAbiPointer: required(1, 'uint64'),
  rseqAbiSize: required(2, 'uint32'),
  signature: required(3, 'uint32'),
  rseqCsPointer: optional(4, 'uint64'),
});

export const taskRlimitsEntry = shape('task_rlimits_entry', {
  rlimits: repeated(1, rlimitEntry),
});

export const taskCoreEntry = shape('task_core_entry', {
  taskState: required(1, 'uint32'),
  exitCode: required(2, 'uint32'),
  personality: required(3, 'uint32'),
  flags: required(4, 'uint32'),
  blkSigset: required(5, 'uint64'),
  comm: required(6, 'text'),
  timers: optional(7, taskTimersEntry),
  rlimits: optional(8, taskRlimitsEntry),
  cgSet: optional(9, 'uint32'),
  signalsS: optional(10, signalQueueEntry),
  oldSeccompMode: optional(11, 'int32'),
  oldSeccompFilter: optional(12, 'uint32'),
  loginuid: optional(13, 'uint32'),
  oomScoreAdj: optional(14, 'int32'),
  sigactions: repeated(15, saEntry),
  childSubreaper: optional(18, 'bool'),
  blkSigsetExtended: optional(20, 'uint64'),
  stopSigno: optional(21, 'uint32'),
  membarrierRegistrationMask: optional(22, 'uint32'),
});

export const taskKobjIdsEntry = shape('task_kobj_ids_entry', {
  vmId: required(1, 'uint32'),
  filesId: required(2, 'uint32'),
  fsId: required(3, 'uint32'),
  sighandId: required(4, 'uint32'),
  pidNsId: optional(5, 'uint32'),
  netNsId: optional(6, 'uint32'),
  ipcNsId: optional(7, 'uint32'),
  utsNsId: optional(8, 'uint32'),
  mntNsId: optional(9, 'uint32'),
  userNsId: optional(10, 'uint32'),
  cgroupNsId: optional(11, 'uint32'),
  timeNsId: optional(12, 'uint32'),
});

export const threadSasEntry = shape('thread_sas_entry', {
  ssSp: required(1, 'uint64'),
  ssSize: required(2, 'uint64'),
  ssFlags: required(3, 'uint32'),
});

export const threadCoreEntry = shape('thread_core_entry', {
  futexRla: required(1, 'uint64'),
  futexRlaLen: required(2, 'uint32'),
  schedNice: optional(3, 'sint32'),
  schedPolicy: optional(4, 'uint32'),
  schedPrio: optional(5, 'uint32'),
  blkSigset: optional(6, 'uint64'),
  sas: optional(7, threadSasEntry),
  pdeathSig: optional(8, 'uint32'),
  signalsP: optional(9, signalQueueEntry),
  creds: optional(10, credsEntry),
  seccompMode: optional(11, 'int32'),
  seccompFilter: optional(12, 'uint32'),
  comm: optional(13, 'text'),
  blkSigsetExtended: optional(14, 'uint64'),
  rseqEntry: optional(15, rseqEntry),
  cgSet: optional(16, 'uint32'),
});

export const coreEntry = shape('core_entry', {
  mtype: required(1, 'int32'),
  threadInfo: optional(2, threadInfoX86),
  tiArm: optional(6, 'bytes'),
  tiAarch64: optional(8, threadInfoAarch64),
  tiPpc64: optional(9, 'bytes'),
  tiS390: optional(10, 'bytes'),
  tiMips: optional(11, 'bytes'),
  tiLoongarch64: optional(12, 'bytes'),
  tiRiscv64: optional(13, 'bytes'),
  tc: optional(3, taskCoreEntry),
  ids: optional(4, taskKobjIdsEntry),
  threadCore: optional(5, threadCoreEntry),
});
