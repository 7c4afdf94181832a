import { optional, repeated, required, shape } from '../codec/fields.ts';

// What a thread may do. Names and numbers: images/*.proto of CRIU (creds, rlimit).

export const credsEntry = shape('creds_entry', {
  uid: required(1, 'uint32'),
  gid: required(2, 'uint32'),
  euid: required(3, 'uint32'),
  egid: required(4, 'uint32'),
  suid: required(5, 'uint32'),
  sgid: required(6, 'uint32'),
  fsuid: required(7, 'uint32'),
  fsgid: required(8, 'uint32'),
  capInh: repeated(9, 'uint32'),
  capPrm: repeated(10, 'uint32'),
  capEff: repeated(11, 'uint32'),
  capBnd: repeated(12, 'uint32'),
  secbits: required(13, 'uint32'),
  groups: repeated(14, 'uint32'),
  lsmProfile: optional(15, 'text'),
  lsmSockcreate: optional(16, 'text'),
  apparmorData: optional(17, 'bytes'),
  noNewPrivs: optional(18, 'uint32'),
  capAmb: repeated(19, 'uint32'),
});

export const rlimitEntry = shape('rlimit_entry', {
  cur: required(1, 'uint64'),
  max: required(2, 'uint64'),
});
