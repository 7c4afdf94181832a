import { optional, repeated, required, shape } from '../codec/fields.ts';

// Control groups. Names and numbers: images/*.proto of CRIU (cgroup).

export const cgroupPerms = shape('cgroup_perms', {
  mode: required(1, 'uint32'),
  uid: required(2, 'uint32'),
  gid: required(3, 'uint32'),
});

export const cgroupPropEntry = shape('cgroup_prop_entry', {
  name: required(1, 'text'),
  value: required(2, 'text'),
  perms: optional(3, cgroupPerms),
});

export const cgroupDirEntry = shape('cgroup_dir_entry', {
  dirName: required(1, 'text'),
  children: repeated(2, 'bytes'),
  properties: repeated(3, cgroupPropEntry),
  dirPerms: optional(4, cgroupPerms),
});

export const cgControllerEntry = shape('cg_controller_entry', {
  cnames: repeated(1, 'text'),
  dirs: repeated(2, cgroupDirEntry),
  isThreaded: optional(3, 'bool'),
});

export const cgMemberEntry = shape('cg_member_entry', {
  name: required(1, 'text'),
  path: required(2, 'text'),
  cgnsPrefix: optional(3, 'uint32'),
});

export const cgSetEntry = shape('cg_set_entry', {
  id: required(1, 'uint32'),
  ctls: repeated(2, cgMemberEntry),
});

export const cgroupEntry = shape('cgroup_entry', {
  sets: repeated(1, cgSetEntry),
  controllers: repeated(2, cgControllerEntry),
});
