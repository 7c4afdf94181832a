/** Virtual time: a queue of things to happen, in order. */
export interface VirtualTime {
  now(): number;
  /** @returns takes the callback back */
  at(timeMs: number, callback: () => void): () => void;
  /** Lets everything happen up to a moment. */
  runUntil(timeMs: number): void;
}

export function makeVirtualTime(startMs: number): VirtualTime {
  let nowMs = startMs;
  let count = 0;
  const queue: { timeMs: number; order: number; callback: () => void }[] = [];
  return {
    now: () => nowMs,
    at(timeMs, callback) {
      const entry = { timeMs: Math.max(timeMs, nowMs), order: count++, callback };
      const index = queue.findIndex((other) => other.timeMs > entry.timeMs);
      queue.splice(index < 0 ? queue.length : index, 0, entry);
      return () => {
        const place = queue.indexOf(entry);
        if (place >= 0) queue.splice(place, 1);
      };
    },
    runUntil(timeMs) {
      for (let next = queue[0]; next !== undefined && next.timeMs <= timeMs; next = queue[0]) {
        queue.shift();
        nowMs = next.timeMs;
        next.callback();
      }
      nowMs = timeMs;
    },
  };
}
