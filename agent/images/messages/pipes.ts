import { optional, required, shape } from '../codec/fields.ts';
import { fownEntry } from './owner.ts';

// Pipes and FIFOs. Names and numbers: images/*.proto of CRIU (pipe, pipe-data, fifo).

export const pipeEntry = shape('pipe_entry', {
  id: required(1, 'uint32'),
  pipeId: required(2, 'uint32'),
  flags: required(3, 'uint32'),
  fown: required(4, fownEntry),
});

export const pipeDataEntry = shape('pipe_data_entry', {
  pipeId: required(1, 'uint32'),
  bytes: required(2, 'uint32'),
  size: optional(3, 'uint32'),
});

export const fifoEntry = shape('fifo_entry', {
  id: required(1, 'uint32'),
  pipeId: required(2, 'uint32'),
  regfId: optional(3, 'uint32'),
});
