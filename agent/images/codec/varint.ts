/** The longest varint there is, in bytes. */
const longest = 10;

/** Where the varint that starts here ends, or -1 if it does not end before `end` or is longer than ten bytes. */
export function varintEnd(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + longest);
  for (let at = start; at < limit; at++) if ((bytes[at] ?? 0) < 0x80) return at + 1;
  return -1;
}

/** The value of the varint between two offsets. It is exact up to `Number.MAX_SAFE_INTEGER`, and greater if it is greater. */
export function varintValue(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  let scale = 1;
  for (let at = start; at < end; at++) {
    value += ((bytes[at] ?? 0) & 0x7f) * scale;
    scale *= 128;
  }
  return value;
}

/**
 * Writes a varint.
 *
 * @param value - a whole number from 0 to below 2^64, that a double holds exactly
 * @returns the offset behind it
 */
export function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}
