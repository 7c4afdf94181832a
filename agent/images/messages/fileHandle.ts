import { optional, repeated, required, shape } from '../codec/fields.ts';

// A file by its handle. Names and numbers: images/*.proto of CRIU (fh).

export const fhEntry = shape('fh_entry', {
  bytes: required(1, 'uint32'),
  type: required(2, 'uint32'),
  handle: repeated(3, 'uint64'),
  path: optional(4, 'text'),
  mntId: optional(5, 'uint32'),
});

export const irmapCacheEntry = shape('irmap_cache_entry', {
  dev: required(1, 'uint32'),
  inode: required(2, 'uint64'),
  path: required(3, 'text'),
});
