import { optional, repeated, required, shape } from '../codec/fields.ts';
import { fownEntry } from './owner.ts';
import { skOptsEntry } from './socketOptions.ts';

// Sockets of IPv4 and IPv6, and the state of TCP connections. Names and numbers: images/*.proto of CRIU (tcp-stream, sk-inet).

export const tcpOptsEntry = shape('tcp_opts_entry', {
  cork: optional(1, 'bool'),
  nodelay: optional(2, 'bool'),
  keepcnt: optional(3, 'uint32'),
  keepidle: optional(4, 'uint32'),
  keepintvl: optional(5, 'uint32'),
});

export const tcpStreamEntry = shape('tcp_stream_entry', {
  inqLen: required(1, 'uint32'),
  inqSeq: required(2, 'uint32'),
  outqLen: required(3, 'uint32'),
  outqSeq: required(4, 'uint32'),
  optMask: required(5, 'uint32'),
  sndWscale: required(6, 'uint32'),
  mssClamp: required(7, 'uint32'),
  rcvWscale: optional(8, 'uint32'),
  timestamp: optional(9, 'uint32'),
  cork: optional(10, 'bool'),
  nodelay: optional(11, 'bool'),
  unsqLen: optional(12, 'uint32'),
  sndWl1: optional(13, 'uint32'),
  sndWnd: optional(14, 'uint32'),
  maxWindow: optional(15, 'uint32'),
  rcvWnd: optional(16, 'uint32'),
  rcvWup: optional(17, 'uint32'),
});

export const ipOptsRawEntry = shape('ip_opts_raw_entry', {
  hdrincl: optional(1, 'bool'),
  nodefrag: optional(2, 'bool'),
  checksum: optional(3, 'bool'),
  icmpvFilter: repeated(4, 'uint32'),
});

export const ipOptsEntry = shape('ip_opts_entry', {
  freebind: optional(1, 'bool'),
  raw: optional(4, ipOptsRawEntry),
  pktinfo: optional(5, 'bool'),
  tos: optional(6, 'uint32'),
  ttl: optional(7, 'uint32'),
});

export const inetSkEntry = shape('inet_sk_entry', {
  id: required(1, 'uint32'),
  ino: required(2, 'uint32'),
  family: required(3, 'uint32'),
  type: required(4, 'uint32'),
  proto: required(5, 'uint32'),
  state: required(6, 'uint32'),
  srcPort: required(7, 'uint32'),
  dstPort: required(8, 'uint32'),
  flags: required(9, 'uint32'),
  backlog: required(10, 'uint32'),
  srcAddr: repeated(11, 'uint32'),
  dstAddr: repeated(12, 'uint32'),
  fown: required(13, fownEntry),
  opts: required(14, skOptsEntry),
  v6only: optional(15, 'bool'),
  ipOpts: optional(16, ipOptsEntry),
  ifname: optional(17, 'text'),
  nsId: optional(18, 'uint32'),
  shutdown: optional(19, 'int32'),
  tcpOpts: optional(20, tcpOptsEntry),
});
