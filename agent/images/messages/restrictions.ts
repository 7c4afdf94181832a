import { optional, repeated, required, shape } from '../codec/fields.ts';

// Seccomp filters and AppArmor profiles. Names and numbers: images/*.proto of CRIU (seccomp, apparmor).

export const seccompFilter = shape('seccomp_filter', {
  filter: required(1, 'bytes'),
  prev: optional(2, 'uint32'),
  flags: optional(3, 'uint32'),
});

export const seccompEntry = shape('seccomp_entry', {
  seccompFilters: repeated(1, seccompFilter),
});

export const aaPolicy = shape('aa_policy', {
  name: required(1, 'text'),
  blob: required(2, 'bytes'),
});

export const aaNamespace = shape('aa_namespace', {
  name: required(1, 'text'),
  policies: repeated(2, aaPolicy),
  namespaces: repeated(3, 'bytes'),
});

export const apparmorEntry = shape('apparmor_entry', {
  namespaces: repeated(1, aaNamespace),
});
