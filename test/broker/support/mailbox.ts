/** Keeps what arrives until the test asks for it. */
export interface Mailbox<T> {
  put(item: T): void;
  /** The oldest item that has not been taken; waits for it. */
  next(): Promise<T>;
  /** What has arrived and has not been taken. */
  readonly rest: T[];
}

export function makeMailbox<T>(): Mailbox<T> {
  const items: T[] = [];
  const waiting: ((item: T) => void)[] = [];
  return {
    rest: items,
    put(item) {
      const taker = waiting.shift();
      if (taker) taker(item);
      else items.push(item);
    },
    next() {
      const item = items.shift();
      if (item !== undefined) return Promise.resolve(item);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
