/** Times steps one after the other. */
export interface Stopwatch {
  /** Runs a step and keeps its time; also when it fails. */
  time<T>(phase: string, work: () => Promise<T>): Promise<T>;
  /** Milliseconds of each phase so far, rounded to tenths. */
  phasesMs(): Record<string, number>;
}

/** @param now - milliseconds on a clock that only goes forward */
export function makeStopwatch(now: () => number = () => performance.now()): Stopwatch {
  const times = new Map<string, number>();
  return {
    async time(phase, work) {
      const startedMs = now();
      try {
        return await work();
      } finally {
        times.set(phase, (times.get(phase) ?? 0) + now() - startedMs);
      }
    },
    phasesMs: () => Object.fromEntries([...times].map(([phase, ms]) => [phase, Math.round(ms * 10) / 10])),
  };
}
