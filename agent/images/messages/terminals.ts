import { optional, repeated, required, shape } from '../codec/fields.ts';
import { fownEntry } from './owner.ts';

// Terminals. Names and numbers: images/*.proto of CRIU (tty).

export const winsizeEntry = shape('winsize_entry', {
  wsRow: required(1, 'uint32'),
  wsCol: required(2, 'uint32'),
  wsXpixel: required(3, 'uint32'),
  wsYpixel: required(4, 'uint32'),
});

export const termiosEntry = shape('termios_entry', {
  cIflag: required(1, 'uint32'),
  cOflag: required(2, 'uint32'),
  cCflag: required(3, 'uint32'),
  cLflag: required(4, 'uint32'),
  cLine: required(5, 'uint32'),
  cIspeed: required(6, 'uint32'),
  cOspeed: required(7, 'uint32'),
  cCc: repeated(8, 'uint32'),
});

export const ttyPtyEntry = shape('tty_pty_entry', {
  index: required(1, 'uint32'),
});

export const ttyDataEntry = shape('tty_data_entry', {
  ttyId: required(1, 'uint32'),
  data: required(2, 'bytes'),
});

export const ttyInfoEntry = shape('tty_info_entry', {
  id: required(1, 'uint32'),
  type: required(2, 'int32'),
  locked: required(3, 'bool'),
  exclusive: required(4, 'bool'),
  packetMode: required(5, 'bool'),
  sid: required(6, 'uint32'),
  pgrp: required(7, 'uint32'),
  rdev: required(8, 'uint32'),
  termios: optional(9, termiosEntry),
  termiosLocked: optional(10, termiosEntry),
  winsize: optional(11, winsizeEntry),
  pty: optional(12, ttyPtyEntry),
  dev: optional(13, 'uint32'),
  uid: optional(14, 'uint32'),
  gid: optional(15, 'uint32'),
});

export const ttyFileEntry = shape('tty_file_entry', {
  id: required(1, 'uint32'),
  ttyInfoId: required(2, 'uint32'),
  flags: required(3, 'uint32'),
  fown: required(4, fownEntry),
  regfId: optional(6, 'uint32'),
});
