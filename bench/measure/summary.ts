/** What several runs have in common. */
export interface Summary {
  /** The median: the middle one, or the mean of the two in the middle. */
  p50: number;
  min: number;
  max: number;
}

/** The median of at least one value; undefined for none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}

/** Median, minimum and maximum, or undefined where there is no value. */
export function summarise(values: readonly number[]): Summary | undefined {
  const p50 = median(values);
  return p50 === undefined ? undefined : { p50, min: Math.min(...values), max: Math.max(...values) };
}

/** How many times as much a peer needs; undefined where one of them has no number. Above 1 the peer is worse. */
export function ratio(peer: number | undefined, own: number | undefined): number | undefined {
  return peer === undefined || own === undefined || own === 0 ? undefined : peer / own;
}
