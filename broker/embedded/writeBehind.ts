/** Writes documents to a slow store, behind those who have them. */
export interface WriteBehind<T> {
  put(document: T): void;
  /** Resolves when everything is written, or could not be. */
  settled(): Promise<void>;
}

/**
 * Of each topic the newest document alone waits to be written, and its writes keep their order.
 *
 * @param write - of a document that could not be written; it is tried again with the next change
 */
export function makeWriteBehind<T extends { topic: string }>(
  write: (document: T) => Promise<void>,
  onFailed: (error: unknown) => void,
): WriteBehind<T> {
  const waiting = new Map<string, T>();
  let writing: Promise<void> | undefined;

  async function writeOne(document: T): Promise<boolean> {
    try {
      await write(document);
      return true;
    } catch (error) {
      if (!waiting.has(document.topic)) waiting.set(document.topic, document);
      onFailed(error);
      return false;
    }
  }

  async function writeAll(): Promise<void> {
    let works = true;
    while (works && waiting.size > 0) {
      const batch = [...waiting.values()];
      waiting.clear();
      works = (await Promise.all(batch.map(writeOne))).every(Boolean);
    }
    writing = undefined;
  }

  const start = () => {
    writing ??= writeAll();
    return writing;
  };
  return {
    put(document) {
      waiting.set(document.topic, document);
      void start();
    },
    settled: () => (waiting.size > 0 || writing ? start() : Promise.resolve()),
  };
}
