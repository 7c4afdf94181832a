import { optional, repeated, required, shape } from '../codec/fields.ts';
import { fownEntry } from './owner.ts';
import { skOptsEntry } from './socketOptions.ts';

// Sockets of one machine, and those of raw packets. Names and numbers: images/*.proto of CRIU (sk-unix, sk-netlink, sk-packet, packet-sock).

export const filePermsEntry = shape('file_perms_entry', {
  mode: required(1, 'uint32'),
  uid: required(2, 'uint32'),
  gid: required(3, 'uint32'),
});

export const unixSkEntry = shape('unix_sk_entry', {
  id: required(1, 'uint32'),
  ino: required(2, 'uint32'),
  type: required(3, 'uint32'),
  state: required(4, 'uint32'),
  flags: required(5, 'uint32'),
  uflags: required(6, 'uint32'),
  backlog: required(7, 'uint32'),
  peer: required(8, 'uint32'),
  fown: required(9, fownEntry),
  opts: required(10, skOptsEntry),
  name: required(11, 'bytes'),
  shutdown: optional(12, 'int32'),
  filePerms: optional(13, filePermsEntry),
  nameDir: optional(14, 'text'),
  deleted: optional(15, 'bool'),
  nsId: optional(16, 'uint32'),
  mntId: optional(17, 'sint32'),
});

export const netlinkSkEntry = shape('netlink_sk_entry', {
  id: required(1, 'uint32'),
  ino: required(2, 'uint32'),
  protocol: required(3, 'uint32'),
  state: required(4, 'uint32'),
  flags: required(6, 'uint32'),
  portid: required(7, 'uint32'),
  groups: repeated(8, 'uint32'),
  dstPortid: required(9, 'uint32'),
  dstGroup: required(10, 'uint32'),
  fown: required(11, fownEntry),
  opts: required(12, skOptsEntry),
  nsId: optional(13, 'uint32'),
});

export const scmEntry = shape('scm_entry', {
  type: required(1, 'uint32'),
  rights: repeated(2, 'uint32'),
});

export const skPacketEntry = shape('sk_packet_entry', {
  idFor: required(1, 'uint32'),
  length: required(2, 'uint32'),
  scm: repeated(4, scmEntry),
});

export const packetMclist = shape('packet_mclist', {
  index: required(1, 'uint32'),
  type: required(2, 'uint32'),
  addr: required(3, 'bytes'),
});

export const packetRing = shape('packet_ring', {
  blockSize: required(1, 'uint32'),
  blockNr: required(2, 'uint32'),
  frameSize: required(3, 'uint32'),
  frameNr: required(4, 'uint32'),
  retireTmo: required(5, 'uint32'),
  sizeofPriv: required(6, 'uint32'),
  features: required(7, 'uint32'),
});

export const packetSockEntry = shape('packet_sock_entry', {
  id: required(1, 'uint32'),
  type: required(2, 'uint32'),
  protocol: required(3, 'uint32'),
  flags: required(4, 'uint32'),
  ifindex: required(5, 'uint32'),
  fown: required(6, fownEntry),
  opts: required(7, skOptsEntry),
  version: required(8, 'uint32'),
  reserve: required(9, 'uint32'),
  auxData: required(10, 'bool'),
  origDev: required(11, 'bool'),
  vnetHdr: required(12, 'bool'),
  loss: required(13, 'bool'),
  timestamp: required(14, 'uint32'),
  copyThresh: required(15, 'uint32'),
  mclist: repeated(16, packetMclist),
  fanout: optional(17, 'uint32'),
  rxRing: optional(18, packetRing),
  txRing: optional(19, packetRing),
  nsId: optional(20, 'uint32'),
});
