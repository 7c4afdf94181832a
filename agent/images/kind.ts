import type { MessageOf, Shape } from './codec/fields.ts';
import { type MessageCodec, messageCodec } from './codec/messageCodec.ts';
import { commonMagic } from './framing.ts';

/**
 * Where what belongs to an entry and is no message ends, e.g. the bytes in a pipe.
 *
 * @param entry - the entry that it belongs to
 * @param bytes - the whole image
 * @param start - where the entry ends
 * @returns an offset; the caller checks that it lies within the file
 * @throws TagalongError `bad-image`
 */
export type PayloadEnd<S extends Shape> = (entry: MessageOf<S>, bytes: Buffer, start: number, file: string) => number;

/** What the images of one kind hold: magic words, perhaps a head, and entries. */
export interface MessageKind<S extends Shape = Shape, H extends Shape = Shape> {
  form: 'messages';
  words: readonly number[];
  /** The message before the entries. */
  head: MessageCodec<H> | undefined;
  entry: MessageCodec<S>;
  /** There is exactly one entry. */
  single: boolean;
  payloadEnd: PayloadEnd<S> | undefined;
}

/** Images without a magic word, in a form that is not CRIU's: memory, archives, what `ip` and nftables say. */
export interface RawKind {
  form: 'raw';
}

export const raw: RawKind = { form: 'raw' };

/**
 * A kind of image made of messages.
 *
 * @param magic - its own word
 * @param entry - the shape of its entries
 */
export function messages<S extends Shape, H extends Shape = Shape>(
  magic: number,
  entry: S,
  options: { head?: H; single?: boolean; payloadEnd?: PayloadEnd<S>; words?: readonly number[] } = {},
): MessageKind<S, H> {
  return {
    form: 'messages',
    words: options.words ?? [commonMagic, magic],
    head: options.head === undefined ? undefined : (messageCodec(options.head) as unknown as MessageCodec<H>),
    entry: messageCodec(entry) as unknown as MessageCodec<S>,
    single: options.single ?? false,
    payloadEnd: options.payloadEnd,
  };
}
