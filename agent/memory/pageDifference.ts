/** Pieces of memory of the same length as words of 32 bits; undefined where one does not lie at a border of words. */
function wordsOf(...pieces: Buffer[]): Int32Array[] | undefined {
  if (pieces.some(({ byteOffset, length }) => byteOffset % 4 !== 0 || length % 4 !== 0)) return undefined;
  return pieces.map((piece) => new Int32Array(piece.buffer, piece.byteOffset, piece.length / 4));
}

/** Takes the difference of two equally long pieces of memory, or undoes it: the first is overwritten. */
export function exclusiveOr(bytes: Buffer, other: Buffer): void {
  const [into, from] = wordsOf(bytes, other) ?? [bytes, other];
  if (into === undefined || from === undefined) return;
  for (let index = 0; index < into.length; index += 1) into[index] = (into[index] as number) ^ (from[index] as number);
}

/**
 * Whether at most half of a page differs from what it was: then the difference takes less than the page, whatever it holds.
 * A page that was written anew as a whole differs almost everywhere.
 */
export function isSparse(page: Buffer, before: Buffer): boolean {
  const [now, then] = wordsOf(page, before) ?? [page, before];
  if (now === undefined || then === undefined) return false;
  let left = now.length >> 1;
  for (let index = 0; index < now.length; index += 1) {
    if (now[index] === then[index]) continue;
    left -= 1;
    if (left < 0) return false;
  }
  return true;
}
