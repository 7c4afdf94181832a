import { optional, required, shape } from '../codec/fields.ts';

// Names and numbers: images/pagemap.proto of CRIU.

export const pagemapHead = shape('pagemap_head', { pagesId: required(1, 'uint32') });

export const pagemapEntry = shape('pagemap_entry', {
  vaddr: required(1, 'uint64'),
  compatNrPages: required(2, 'uint32'),
  inParent: optional(3, 'bool'),
  flags: optional(4, 'uint32'),
  nrPages: optional(5, 'uint64'),
});
