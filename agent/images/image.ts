import { badImage } from './badImage.ts';
import type { MessageOf, Shape } from './codec/fields.ts';
import { entryAt, frameImage, skipMagic } from './framing.ts';
import type { MessageKind } from './kind.ts';

/** One entry of an image. */
export interface Entry<S extends Shape = Shape> {
  message: MessageOf<S>;
  /** What follows it in the file and is no message of this kind, e.g. the bytes in a pipe; mostly empty. */
  payload: Buffer;
}

/** A whole image, decoded. */
export interface Image<S extends Shape = Shape, H extends Shape = Shape> {
  head: MessageOf<H> | undefined;
  entries: Entry<S>[];
}

/**
 * Walks an image from end to end.
 *
 * @param bytes - the whole file
 * @param file - its name, for errors
 * @param visit - is given each message: which codec it is of and where it lies; returns where its payload ends
 * @throws TagalongError `bad-image`
 */
function walk(
  kind: MessageKind,
  bytes: Buffer,
  file: string,
  visit: (part: 'head' | 'entry', start: number, end: number) => number,
): void {
  let at = skipMagic(bytes, kind.words, file);
  if (kind.head !== undefined) {
    const { start, end } = entryAt(bytes, at, file);
    at = visit('head', start, end);
  }
  let count = 0;
  while (at < bytes.length || (kind.single && count === 0)) {
    const { start, end } = entryAt(bytes, at, file);
    if (kind.single && count === 1) throw badImage(file, `${bytes.length - at} bytes follow its only entry`);
    at = visit('entry', start, end);
    if (!(at >= end && at <= bytes.length))
      throw badImage(file, `what belongs to the entry at byte ${start} ends at byte ${at} of ${bytes.length}`);
    count += 1;
  }
}

/**
 * Decodes an image.
 *
 * @param kind - one of `imageKinds`
 * @throws TagalongError `bad-image`
 */
export function decodeImage<S extends Shape, H extends Shape>(
  kind: MessageKind<S, H>,
  bytes: Buffer,
  file: string,
): Image<S, H> {
  const image: Image<S, H> = { head: undefined, entries: [] };
  walk(kind as unknown as MessageKind, bytes, file, (part, start, end) => {
    const content = bytes.subarray(start, end);
    if (part === 'head') {
      image.head = kind.head?.decode(content, file);
      return end;
    }
    const message = kind.entry.decode(content, file);
    const payloadEnd = kind.payloadEnd?.(message, bytes, end, file) ?? end;
    image.entries.push({ message, payload: bytes.subarray(end, payloadEnd) });
    return payloadEnd;
  });
  return image;
}

/**
 * Checks an image as strictly as {@link decodeImage}, at a tenth of its cost.
 *
 * @throws TagalongError `bad-image`
 */
export function checkImage(kind: MessageKind, bytes: Buffer, file: string): void {
  walk(kind, bytes, file, (part, start, end) => {
    const codec = part === 'head' ? kind.head : kind.entry;
    const problem = codec?.check(bytes, start, end);
    if (problem !== undefined) throw badImage(file, problem);
    if (part === 'head' || kind.payloadEnd === undefined) return end;
    return kind.payloadEnd(kind.entry.decode(bytes.subarray(start, end), file), bytes, end, file);
  });
}

/** The image as the bytes of a file: what CRIU wrote, byte by byte, if nothing was changed. */
export function encodeImage<S extends Shape, H extends Shape>(kind: MessageKind<S, H>, image: Image<S, H>): Buffer {
  const head = image.head === undefined ? undefined : kind.head?.encode(image.head);
  return frameImage(kind.words, [
    ...(head === undefined ? [] : [{ content: head }]),
    ...image.entries.map(({ message, payload }) => ({ content: kind.entry.encode(message), payload })),
  ]);
}
