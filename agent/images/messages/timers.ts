import { optional, repeated, required, shape } from '../codec/fields.ts';

// Timers, and the clocks of a time namespace. Names and numbers: images/*.proto of CRIU (timer, timens).

export const itimerEntry = shape('itimer_entry', {
  isec: required(1, 'uint64'),
  iusec: required(2, 'uint64'),
  vsec: required(3, 'uint64'),
  vusec: required(4, 'uint64'),
});

export const posixTimerEntry = shape('posix_timer_entry', {
  itId: required(1, 'uint32'),
  clockId: required(2, 'uint32'),
  siSigno: required(3, 'uint32'),
  itSigevNotify: required(4, 'uint32'),
  sivalPtr: required(5, 'uint64'),
  overrun: required(6, 'uint32'),
  isec: required(7, 'uint64'),
  insec: required(8, 'uint64'),
  vsec: required(9, 'uint64'),
  vnsec: required(10, 'uint64'),
  notifyThreadId: optional(11, 'int32'),
});

export const taskTimersEntry = shape('task_timers_entry', {
  real: required(1, itimerEntry),
  virt: required(2, itimerEntry),
  prof: required(3, itimerEntry),
  posix: repeated(4, posixTimerEntry),
});

export const timespec = shape('timespec', {
  tvSec: required(1, 'uint64'),
  tvNsec: required(2, 'uint64'),
});

export const timensEntry = shape('timens_entry', {
  monotonic: required(1, timespec),
  boottime: required(2, timespec),
});
