/** Times steps one after the other, and counts what is sent meanwhile. */
export interface Stopwatch {
  /** Runs a step and keeps its time and bytes; also when it fails. */
  time<T>(phase: string, work: () => Promise<T>): Promise<T>;
  /** Of each phase so far: milliseconds, rounded to tenths, and bytes. */
  phases(): { phasesMs: Record<string, number>; phasesBytes: Record<string, number> };
}

/**
 * @param sentBytes - a counter of what was sent that only grows
 * @param now - milliseconds on a clock that only goes forward
 */
export function makeStopwatch(sentBytes: () => number, now: () => number = () => performance.now()): Stopwatch {
  const spent = new Map<string, { ms: number; bytes: number }>();
  return {
    async time(phase, work) {
      const startedMs = now();
      const sentBefore = sentBytes();
      try {
        return await work();
      } finally {
        const { ms, bytes } = spent.get(phase) ?? { ms: 0, bytes: 0 };
        spent.set(phase, { ms: ms + now() - startedMs, bytes: bytes + sentBytes() - sentBefore });
      }
    },
    phases: () => ({
      phasesMs: Object.fromEntries([...spent].map(([phase, { ms }]) => [phase, Math.round(ms * 10) / 10])),
      phasesBytes: Object.fromEntries([...spent].map(([phase, { bytes }]) => [phase, bytes])),
    }),
  };
}
