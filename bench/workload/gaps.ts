/** How long the workload had to wait for its own wake-up at worst, as its answers said one after the other. */
export interface GapRecord {
  /**
   * @param atMs - when the answer came, on the clock of {@link worstBetween}
   * @param worstGapMs - the worst since the answer before it
   */
  heard(atMs: number, worstGapMs: number): void;
  /** The worst that was said in answers of a time, or undefined where there was none. */
  worstBetween(fromMs: number, toMs: number): number | undefined;
}

/** Keeps the answers of the last ten minutes or so. */
export function makeGapRecord(mostAnswers = 60_000): GapRecord {
  let answers: { atMs: number; worstGapMs: number }[] = [];
  return {
    heard(atMs, worstGapMs) {
      answers.push({ atMs, worstGapMs });
      if (answers.length > 2 * mostAnswers) answers = answers.slice(-mostAnswers);
    },
    worstBetween(fromMs, toMs) {
      const within = answers.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
      return within.length === 0 ? undefined : within.reduce((worst, one) => Math.max(worst, one.worstGapMs), 0);
    },
  };
}
