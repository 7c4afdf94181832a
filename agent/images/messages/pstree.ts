import { repeated, required, shape } from '../codec/fields.ts';

// Names and numbers: images/pstree.proto of CRIU.

export const pstreeEntry = shape('pstree_entry', {
  pid: required(1, 'uint32'),
  ppid: required(2, 'uint32'),
  pgid: required(3, 'uint32'),
  sid: required(4, 'uint32'),
  threads: repeated(5, 'uint32'),
});
