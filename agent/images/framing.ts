import { badImage } from './badImage.ts';

/** The first word of every image but the inventory: "Sarov", in criu/include/magic.h. */
export const commonMagic = 0x54564319;
/** The first word of statistics and other files that are no part of the processes: "Zlatoust". */
export const serviceMagic = 0x55105940;

/** Where the content of a length-prefixed entry lies. */
export interface Extent {
  start: number;
  end: number;
}

/** A word as people find it in CRIU's header. */
export function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}

/**
 * Checks the magic words at the head of an image.
 *
 * @param words - the words that must be there, in order
 * @param file - for errors
 * @returns the offset behind them
 * @throws TagalongError `bad-image`
 */
export function skipMagic(bytes: Buffer, words: readonly number[], file: string): number {
  for (const [index, expected] of words.entries()) {
    if (bytes.length < index * 4 + 4) throw badImage(file, `it ends after ${bytes.length} bytes, within its magic`);
    const found = bytes.readUInt32LE(index * 4);
    if (found !== expected) throw badImage(file, `its magic is ${hex(found)} instead of ${hex(expected)}`);
  }
  return words.length * 4;
}

/**
 * Where the entry lies whose length stands at an offset.
 *
 * @throws TagalongError `bad-image` if it does not end within the file
 */
export function entryAt(bytes: Buffer, offset: number, file: string): Extent {
  if (bytes.length - offset < 4) throw badImage(file, `it is cut off at byte ${bytes.length}`);
  const start = offset + 4;
  const end = start + bytes.readUInt32LE(offset);
  if (end > bytes.length)
    throw badImage(file, `an entry of ${end - start} bytes starts at byte ${start} of ${bytes.length}`);
  return { start, end };
}

/** The entries from an offset to the end of the file. */
export function* entriesFrom(bytes: Buffer, offset: number, file: string): Generator<Extent> {
  for (let at = offset; at < bytes.length; ) {
    const extent = entryAt(bytes, at, file);
    yield extent;
    at = extent.end;
  }
}

/** An entry of a file to be: a message, and what follows it as it is. */
export interface Frame {
  content: Uint8Array;
  payload?: Uint8Array;
}

/** An image file: magic words, then entries, each behind its length. */
export function frameImage(words: readonly number[], frames: readonly Frame[]): Buffer {
  const head = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) head.writeUInt32LE(word, index * 4);
  const parts: Uint8Array[] = [head];
  for (const { content, payload } of frames) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(content.length);
    parts.push(length, content);
    if (payload !== undefined) parts.push(payload);
  }
  return Buffer.concat(parts);
}
