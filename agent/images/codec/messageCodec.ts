import { create, type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { badImage } from '../badImage.ts';
import { descriptorOf } from './descriptor.ts';
import type { Fields, MessageOf, Shape } from './fields.ts';
import { wireChecker } from './wireCheck.ts';

/** Decodes and encodes messages of one shape. */
export interface MessageCodec<S extends Shape = Shape> {
  shape: S;
  /** The first problem of a part of the bytes as a message, or undefined if it is valid. Much cheaper than decoding. */
  check(bytes: Uint8Array, start: number, end: number): string | undefined;
  /**
   * @param bytes - exactly one message
   * @param file - for errors
   * @throws TagalongError `bad-image` if they are no valid message
   */
  decode(bytes: Uint8Array, file: string): MessageOf<S>;
  /** Builds now what is else built at the first use. */
  prepare(): void;
  /** The message with its fields in the order of their numbers, as CRIU writes them, and the unknown ones after them. */
  encode(message: MessageOf<S>): Uint8Array;
}

/** The codec of a shape. What it needs is built when it is first used. */
export function messageCodec<F extends Fields>(shape: Shape<F>): MessageCodec<Shape<F>> {
  let builtDescriptor: DescMessage | undefined;
  let builtChecker: ReturnType<typeof wireChecker> | undefined;
  const descriptor = () => {
    builtDescriptor ??= descriptorOf(shape);
    return builtDescriptor;
  };
  const check = (bytes: Uint8Array, start: number, end: number) => {
    builtChecker ??= wireChecker(shape);
    return builtChecker(bytes, start, end);
  };
  return {
    shape,
    check,
    decode(bytes, file) {
      const problem = check(bytes, 0, bytes.length);
      if (problem !== undefined) throw badImage(file, problem);
      try {
        return fromBinary(descriptor(), bytes) as MessageOf<Shape<F>>;
      } catch (error) {
        throw badImage(file, `${shape.name} cannot be decoded`, error);
      }
    },
    prepare() {
      check(new Uint8Array(0), 0, 0);
      // the library compiles its reader at the first message
      fromBinary(descriptor(), new Uint8Array(0));
    },
    encode(message) {
      return toBinary(descriptor(), create(descriptor(), message as Message));
    },
  };
}
