import { optional, repeated, required, shape } from '../codec/fields.ts';

// Signals: what is pending, and what is done about them. Names and numbers: images/*.proto of CRIU (siginfo, sa).

export const siginfoEntry = shape('siginfo_entry', {
  siginfo: required(1, 'bytes'),
});

export const signalQueueEntry = shape('signal_queue_entry', {
  signals: repeated(1, siginfoEntry),
});

export const saEntry = shape('sa_entry', {
  sigaction: required(1, 'uint64'),
  flags: required(2, 'uint64'),
  restorer: required(3, 'uint64'),
  mask: required(4, 'uint64'),
  compatSigaction: optional(5, 'bool'),
  maskExtended: optional(6, 'uint64'),
});
