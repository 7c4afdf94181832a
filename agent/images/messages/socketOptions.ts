import { optional, repeated, required, shape } from '../codec/fields.ts';

// Options that all sockets have. Names and numbers: images/*.proto of CRIU (sk-opts).

export const skOptsEntry = shape('sk_opts_entry', {
  soSndbuf: required(1, 'uint32'),
  soRcvbuf: required(2, 'uint32'),
  soSndTmoSec: required(3, 'uint64'),
  soSndTmoUsec: required(4, 'uint64'),
  soRcvTmoSec: required(5, 'uint64'),
  soRcvTmoUsec: required(6, 'uint64'),
  reuseaddr: optional(7, 'bool'),
  soPriority: optional(8, 'uint32'),
  soRcvlowat: optional(9, 'uint32'),
  soMark: optional(10, 'uint32'),
  soPasscred: optional(11, 'bool'),
  soPasssec: optional(12, 'bool'),
  soDontroute: optional(13, 'bool'),
  soNoCheck: optional(14, 'bool'),
  soBoundDev: optional(15, 'text'),
  soFilter: repeated(16, 'fixed64'),
  soReuseport: optional(17, 'bool'),
  soBroadcast: optional(18, 'bool'),
  soKeepalive: optional(19, 'bool'),
  tcpKeepcnt: optional(20, 'uint32'),
  tcpKeepidle: optional(21, 'uint32'),
  tcpKeepintvl: optional(22, 'uint32'),
  soOobinline: optional(23, 'uint32'),
  soLinger: optional(24, 'uint32'),
  soBufLock: optional(25, 'uint32'),
});
