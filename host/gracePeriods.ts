import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** How long the kernel waits, for all processors to pass a quiet place, when namespaces, cgroups and links change hands (RCU). */
export interface GracePeriods {
  /**
   * Has the kernel hasten them for the next two seconds, with interrupts to all processors instead of patience: a wait of
   * some ten milliseconds becomes one of microseconds. Nothing happens where that cannot be set.
   */
  hasten(): void;
  /** Ends it at once. */
  close(): void;
}

const lastsMs = 2000;

/** In the directory of an agent's data, which outlives it: says that the switch is the agent's to turn back. */
export const gracePeriodsNote = 'grace-periods';

/**
 * Source: Linux Documentation/admin-guide/kernel-parameters.txt, rcupdate.rcu_expedited, of which the file in sysfs is the switch.
 *
 * @param noteFile - says that the switch is ours to turn back, also after a crash
 */
export function makeGracePeriods(noteFile: string, switchFile = '/sys/kernel/rcu_expedited'): GracePeriods {
  let timer: NodeJS.Timeout | undefined;

  function turnBack(): void {
    clearTimeout(timer);
    timer = undefined;
    try {
      if (!existsSync(noteFile)) return;
      writeFileSync(switchFile, '0');
      rmSync(noteFile, { force: true });
    } catch {
      // it costs nothing but interrupts
    }
  }

  turnBack(); // an earlier run may have ended in between
  return {
    hasten() {
      try {
        if (timer === undefined) {
          // whoever has turned it on wants it on
          if (readFileSync(switchFile, 'utf8').trim() !== '0') return;
          writeFileSync(noteFile, '', { mode: 0o600 });
          writeFileSync(switchFile, '1');
        }
        clearTimeout(timer);
        timer = setTimeout(turnBack, lastsMs).unref();
      } catch {
        turnBack();
      }
    },
    close: turnBack,
  };
}
