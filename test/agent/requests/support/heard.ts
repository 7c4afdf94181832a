/** All that came in, in order, and who waits for more. */
export interface Heard<T> {
  readonly all: readonly T[];
  put(item: T): void;
  /**
   * The first item from a place on that fits, as soon as it is there.
   * @throws Error where it does not come: with what came instead
   */
  first(fits: (item: T) => boolean, from?: number): Promise<T>;
  /** Resolves as soon as a condition on what was heard holds, or may hold. @throws Error where it does not come to hold */
  until(what: string, holds: () => boolean): Promise<void>;
}

const patienceMs = 60_000;

export function makeHeard<T>(): Heard<T> {
  const all: T[] = [];
  const waiting = new Set<() => void>();

  async function until(what: string, holds: () => boolean): Promise<void> {
    if (holds()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      if (holds()) resolve();
    };
    const giveUp = () => reject(new Error(`${what} did not come; the last that came: ${JSON.stringify(all.at(-1))}`));
    const timer = setTimeout(giveUp, patienceMs);
    waiting.add(look);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(look);
    }
  }

  return {
    all,
    until,
    put(item) {
      all.push(item);
      for (const look of [...waiting]) look();
    },
    async first(fits, from = 0) {
      let found: T | undefined;
      await until('what was waited for', () => {
        found ??= all.slice(from).find(fits);
        return found !== undefined;
      });
      return found as T;
    },
  };
}
