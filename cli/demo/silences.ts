/** A time in which no answer came. */
export interface Silence {
  /** Milliseconds since the epoch. */
  startedAtMs: number;
  durationMs: number;
}

/** Keeps the silences between answers of one window. */
export interface SilenceRecord {
  heard(atMs: number): void;
  /** The longest silence that touches the window, the present one included; then a new window begins. */
  close(atMs: number): Silence;
}

/**
 * @param startMs - when the first silence begins, on the clock that the later calls use
 */
export function makeSilenceRecord(startMs: number): SilenceRecord {
  let lastMs = startMs;
  let longest: Silence = { startedAtMs: startMs, durationMs: 0 };
  const consider = (atMs: number) => {
    if (atMs - lastMs > longest.durationMs) longest = { startedAtMs: lastMs, durationMs: atMs - lastMs };
  };
  return {
    heard(atMs) {
      consider(atMs);
      lastMs = atMs;
    },
    close(atMs) {
      consider(atMs);
      const found = longest;
      // a silence that goes on belongs to both windows
      longest = { startedAtMs: lastMs, durationMs: 0 };
      return found;
    },
  };
}
