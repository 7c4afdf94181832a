import { optional, repeated, required, shape } from '../codec/fields.ts';
import { taskKobjIdsEntry } from './core.ts';

// What the whole set is. Names and numbers: images/*.proto of CRIU (inventory).

export const pluginsEntry = shape('plugins_entry', {
  plugins: repeated(12, 'text'),
});

export const inventoryEntry = shape('inventory_entry', {
  imgVersion: required(1, 'uint32'),
  fdinfoPerId: optional(2, 'bool'),
  rootIds: optional(3, taskKobjIdsEntry),
  nsPerId: optional(4, 'bool'),
  rootCgSet: optional(5, 'uint32'),
  lsmtype: optional(6, 'int32'),
  dumpUptime: optional(8, 'uint64'),
  preDumpMode: optional(9, 'uint32'),
  tcpClose: optional(10, 'bool'),
  networkLockMethod: optional(11, 'uint32'),
  pluginsEntry: optional(12, pluginsEntry),
  dumpCriuRunId: optional(13, 'text'),
  allowUprobes: optional(14, 'bool'),
});
