import { optional, repeated, required, shape } from '../codec/fields.ts';

// The registers of a thread on x86-64. Names and numbers: images/*.proto of CRIU (core-x86).

export const userX86RegsEntry = shape('user_x86_regs_entry', {
  r15: required(1, 'uint64'),
  r14: required(2, 'uint64'),
  r13: required(3, 'uint64'),
  r12: required(4, 'uint64'),
  bp: required(5, 'uint64'),
  bx: required(6, 'uint64'),
  r11: required(7, 'uint64'),
  r10: required(8, 'uint64'),
  r9: required(9, 'uint64'),
  r8: required(10, 'uint64'),
  ax: required(11, 'uint64'),
  cx: required(12, 'uint64'),
  dx: required(13, 'uint64'),
  si: required(14, 'uint64'),
  di: required(15, 'uint64'),
  origAx: required(16, 'uint64'),
  ip: required(17, 'uint64'),
  cs: required(18, 'uint64'),
  flags: required(19, 'uint64'),
  sp: required(20, 'uint64'),
  ss: required(21, 'uint64'),
  fsBase: required(22, 'uint64'),
  gsBase: required(23, 'uint64'),
  ds: required(24, 'uint64'),
  es: required(25, 'uint64'),
  fs: required(26, 'uint64'),
  gs: required(27, 'uint64'),
  mode: optional(28, 'int32'),
});

export const userX86CetEntry = shape('user_x86_cet_entry', {
  cet: required(1, 'uint64'),
  ssp: required(2, 'uint64'),
});

export const userX86XsaveEntry = shape('user_x86_xsave_entry', {
  xstateBv: required(1, 'uint64'),
  ymmhSpace: repeated(2, 'uint32'),
  bndregState: repeated(3, 'uint64'),
  bndcsrState: repeated(4, 'uint64'),
  opmaskReg: repeated(5, 'uint64'),
  zmmUpper: repeated(6, 'uint64'),
  hi16Zmm: repeated(7, 'uint64'),
  pkru: repeated(8, 'uint32'),
  cet: optional(9, userX86CetEntry),
});

export const userX86FpregsEntry = shape('user_x86_fpregs_entry', {
  cwd: required(1, 'uint32'),
  swd: required(2, 'uint32'),
  twd: required(3, 'uint32'),
  fop: required(4, 'uint32'),
  rip: required(5, 'uint64'),
  rdp: required(6, 'uint64'),
  mxcsr: required(7, 'uint32'),
  mxcsrMask: required(8, 'uint32'),
  stSpace: repeated(9, 'uint32'),
  xmmSpace: repeated(10, 'uint32'),
  padding: repeated(11, 'uint32'),
  xsave: optional(13, userX86XsaveEntry),
});

export const userDescT = shape('user_desc_t', {
  entryNumber: required(1, 'uint32'),
  baseAddr: required(2, 'uint32'),
  limit: required(3, 'uint32'),
  seg32bit: required(4, 'bool'),
  contentsH: required(5, 'bool'),
  contentsL: required(6, 'bool'),
  readExecOnly: required(7, 'bool'),
  limitInPages: required(8, 'bool'),
  segNotPresent: required(9, 'bool'),
  usable: required(10, 'bool'),
});

export const threadInfoX86 = shape('thread_info_x86', {
  clearTidAddr: required(1, 'uint64'),
  gpregs: required(2, userX86RegsEntry),
  fpregs: required(3, userX86FpregsEntry),
  tls: repeated(4, userDescT),
});
