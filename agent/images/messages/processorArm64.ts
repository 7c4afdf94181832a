import { optional, repeated, required, shape } from '../codec/fields.ts';

// The registers of a thread on 64-bit ARM. Names and numbers: images/*.proto of CRIU (core-aarch64).

export const userAarch64RegsEntry = shape('user_aarch64_regs_entry', {
  regs: repeated(1, 'uint64'),
  sp: required(2, 'uint64'),
  pc: required(3, 'uint64'),
  pstate: required(4, 'uint64'),
});

export const userAarch64FpsimdContextEntry = shape('user_aarch64_fpsimd_context_entry', {
  vregs: repeated(1, 'uint64'),
  fpsr: required(2, 'uint32'),
  fpcr: required(3, 'uint32'),
});

export const pacAddressKeys = shape('pac_address_keys', {
  apiakeyLo: required(1, 'uint64'),
  apiakeyHi: required(2, 'uint64'),
  apibkeyLo: required(3, 'uint64'),
  apibkeyHi: required(4, 'uint64'),
  apdakeyLo: required(5, 'uint64'),
  apdakeyHi: required(6, 'uint64'),
  apdbkeyLo: required(7, 'uint64'),
  apdbkeyHi: required(8, 'uint64'),
  pacEnabledKey: required(9, 'uint64'),
});

export const pacGenericKeys = shape('pac_generic_keys', {
  apgakeyLo: required(1, 'uint64'),
  apgakeyHi: required(2, 'uint64'),
});

export const pacKeys = shape('pac_keys', {
  pacAddressKeys: optional(6, pacAddressKeys),
  pacGenericKeys: optional(7, pacGenericKeys),
});

export const threadInfoAarch64 = shape('thread_info_aarch64', {
  clearTidAddr: required(1, 'uint64'),
  tls: required(2, 'uint64'),
  gpregs: required(3, userAarch64RegsEntry),
  fpsimd: required(4, userAarch64FpsimdContextEntry),
  pacKeys: optional(5, pacKeys),
});
