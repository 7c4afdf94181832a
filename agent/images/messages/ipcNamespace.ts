import { optional, repeated, required, shape } from '../codec/fields.ts';

// System V IPC. Names and numbers: images/*.proto of CRIU (ipc-desc, ipc-var, ipc-shm, ipc-msg, ipc-sem).

export const ipcDescEntry = shape('ipc_desc_entry', {
  key: required(1, 'uint32'),
  uid: required(2, 'uint32'),
  gid: required(3, 'uint32'),
  cuid: required(4, 'uint32'),
  cgid: required(5, 'uint32'),
  mode: required(6, 'uint32'),
  id: required(7, 'uint32'),
});

export const ipcVarEntry = shape('ipc_var_entry', {
  semCtls: repeated(1, 'uint32'),
  msgCtlmax: required(2, 'uint32'),
  msgCtlmnb: required(3, 'uint32'),
  msgCtlmni: required(4, 'uint32'),
  autoMsgmni: required(5, 'uint32'),
  shmCtlmax: required(6, 'uint64'),
  shmCtlall: required(7, 'uint64'),
  shmCtlmni: required(8, 'uint32'),
  shmRmidForced: required(9, 'uint32'),
  mqQueuesMax: required(10, 'uint32'),
  mqMsgMax: required(11, 'uint32'),
  mqMsgsizeMax: required(12, 'uint32'),
  mqMsgDefault: optional(13, 'uint32'),
  mqMsgsizeDefault: optional(14, 'uint32'),
  msgNextId: optional(15, 'uint32'),
  semNextId: optional(16, 'uint32'),
  shmNextId: optional(17, 'uint32'),
});

export const ipcShmEntry = shape('ipc_shm_entry', {
  desc: required(1, ipcDescEntry),
  size: required(2, 'uint64'),
  inPagemaps: optional(3, 'bool'),
  hugetlbFlag: optional(4, 'uint32'),
});

export const ipcMsg = shape('ipc_msg', {
  mtype: required(1, 'uint64'),
  msize: required(2, 'uint32'),
});

export const ipcMsgEntry = shape('ipc_msg_entry', {
  desc: required(1, ipcDescEntry),
  qbytes: required(2, 'uint32'),
  qnum: required(3, 'uint32'),
});

export const ipcSemEntry = shape('ipc_sem_entry', {
  desc: required(1, ipcDescEntry),
  nsems: required(2, 'uint32'),
});
