import { optional, repeated, required, shape } from '../codec/fields.ts';

// The other namespaces, and mounts. Names and numbers: images/*.proto of CRIU (utsns, pidns, userns, mnt).

export const utsnsEntry = shape('utsns_entry', {
  nodename: required(1, 'text'),
  domainname: required(2, 'text'),
});

export const pidnsEntry = shape('pidns_entry', {
  extKey: optional(1, 'text'),
});

export const uidGidExtent = shape('uid_gid_extent', {
  first: required(1, 'uint32'),
  lowerFirst: required(2, 'uint32'),
  count: required(3, 'uint32'),
});

export const usernsEntry = shape('userns_entry', {
  uidMap: repeated(1, uidGidExtent),
  gidMap: repeated(2, uidGidExtent),
});

export const mntEntry = shape('mnt_entry', {
  fstype: required(1, 'uint32'),
  mntId: required(2, 'uint32'),
  rootDev: required(3, 'uint32'),
  parentMntId: required(4, 'uint32'),
  flags: required(5, 'uint32'),
  root: required(6, 'text'),
  mountpoint: required(7, 'text'),
  source: required(8, 'text'),
  options: required(9, 'text'),
  sharedId: optional(10, 'uint32'),
  masterId: optional(11, 'uint32'),
  withPlugin: optional(12, 'bool'),
  extMount: optional(13, 'bool'),
  fsname: optional(14, 'text'),
  internalSharing: optional(15, 'bool'),
  deleted: optional(16, 'bool'),
  sbFlags: optional(17, 'uint32'),
  extKey: optional(18, 'text'),
});
