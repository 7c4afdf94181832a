/** Text of an image, for people and comparisons; what is not UTF-8 in it cannot be told from U+FFFD any more. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
