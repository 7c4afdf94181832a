/** A logarithmic axis over whole decades. */
export interface LogScale {
  /** Where a value lies, 0 at the beginning of the axis and 1 at its end; values outside are put to its ends. */
  at(value: number): number;
  /** The powers of ten. */
  ticks: number[];
}

/** The shortest axis of whole decades, at least one, that holds all values above 0. */
export function logScale(values: readonly number[]): LogScale {
  const positive = values.filter((value) => value > 0);
  const first = positive.length === 0 ? 0 : Math.floor(Math.log10(Math.min(...positive)));
  const last = positive.length === 0 ? 1 : Math.max(first + 1, Math.ceil(Math.log10(Math.max(...positive))));
  return {
    at: (value) => Math.min(1, Math.max(0, (Math.log10(Math.max(value, 1e-9)) - first) / (last - first))),
    ticks: Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index)),
  };
}
