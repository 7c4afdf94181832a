/**
 * Whether CRIU's errors say that a process could not be stopped, pure.
 *
 * The freezer of cgroup v1 does not let go of every process each time, and CRIU then waits for it in vain
 * (`cgroupv1_freezer_kludges` in CRIU's seize.c, and runC's loop around the same file). Thawed and frozen anew it does.
 */
export function isStuckFreezer(failure: Error): boolean {
  return /Timeout reached|Unseizable/.test(failure.message);
}
