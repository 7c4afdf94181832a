/** What is known of the link and of earlier batches when one is to be encoded. */
export interface EncodingChoice {
  /** Whether compressing the next batch can make it arrive earlier. */
  worthTrying(): boolean;
  /** Notes how a batch came out: compressed size by plain size. */
  tried(ratio: number): void;
}

/** zstd's fastest level takes about this much a second on one core; a link that carries more gains nothing. */
const compressedBytesPerSecond = 250e6;
/** After a batch that did not shrink, so many go as they are. */
const pauseBatches = 16;
const shrunkEnough = 0.9;

/**
 * Decides by measured figures, never by a constant taste: memory that does not compress costs one try in a while.
 *
 * @param linkBytesPerSecond - what the link was measured to carry; undefined where nobody knows
 */
export function makeEncodingChoice(linkBytesPerSecond: () => number | undefined): EncodingChoice {
  let pause = 0;
  return {
    worthTrying() {
      const rate = linkBytesPerSecond();
      if (rate === undefined || rate > compressedBytesPerSecond) return false;
      if (pause === 0) return true;
      pause -= 1;
      return false;
    },
    tried(ratio) {
      if (ratio > shrunkEnough) pause = pauseBatches;
    },
  };
}
