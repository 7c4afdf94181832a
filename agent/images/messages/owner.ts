import { required, shape } from '../codec/fields.ts';

// Who is told by a signal that a file is ready. Names and numbers: images/*.proto of CRIU (fown).

export const fownEntry = shape('fown_entry', {
  uid: required(1, 'uint32'),
  euid: required(2, 'uint32'),
  signum: required(3, 'uint32'),
  pidType: required(4, 'uint32'),
  pid: required(5, 'uint32'),
});
