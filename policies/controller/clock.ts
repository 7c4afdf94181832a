/** Where the controller's time comes from; tests give one of their own. */
export interface Clock {
  /** Unix time, milliseconds. */
  now(): number;
  /** Calls back once at a moment, or as soon as possible where it is over. Returns what takes the call back. */
  at(timeMs: number, callback: () => void): () => void;
}

/** Timers of Node.js wait at most this long; a later moment is approached in steps. */
const longestWaitMs = 2 ** 31 - 1;

/** The clock of this machine. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    at(timeMs, callback) {
      let timer: NodeJS.Timeout;
      const wait = () => {
        const leftMs = timeMs - Date.now();
        timer = setTimeout(leftMs > longestWaitMs ? wait : callback, Math.min(Math.max(leftMs, 0), longestWaitMs));
      };
      wait();
      return () => clearTimeout(timer);
    },
  };
}
