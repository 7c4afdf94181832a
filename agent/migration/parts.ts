/** How long each of several things took that are done one after the other. */
export interface Parts {
  /** The part that went on until now has ended. */
  end(name: string): void;
  /** All of them, in ms. */
  all(): Record<string, number>;
}

export function makeParts(): Parts {
  let lastMs = performance.now();
  const parts: Record<string, number> = {};
  return {
    end(name) {
      const now = performance.now();
      parts[name] = now - lastMs;
      lastMs = now;
    },
    all: () => ({ ...parts }),
  };
}
