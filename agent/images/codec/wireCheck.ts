import type { ScalarName, Shape } from './fields.ts';
import { varintEnd, varintValue } from './varint.ts';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const wireTypes: Record<ScalarName, number> = {
  uint32: VARINT,
  int32: VARINT,
  sint32: VARINT,
  fixed32: FIXED32,
  uint64: VARINT,
  int64: VARINT,
  sint64: VARINT,
  fixed64: FIXED64,
  bool: VARINT,
  text: BYTES,
  bytes: BYTES,
};

interface Expected {
  name: string;
  wireType: number;
  /** A repeated scalar may also come packed. */
  packable: boolean;
  part: Checker | undefined;
  /** Its bits among the required ones; two words, since some messages require more than 31 fields. */
  low: number;
  high: number;
}

type Checker = (bytes: Uint8Array, start: number, end: number) => string | undefined;

/** The value of a varint of at most five bytes; NaN if it is not one of 32 bits. */
function smallVarint(bytes: Uint8Array, start: number, end: number): number {
  const value = end - start <= 5 ? varintValue(bytes, start, end) : Number.NaN;
  return value <= 0xffff_ffff ? value : Number.NaN;
}

/**
 * A function that says whether bytes are a valid message of a shape, as strictly as the reader in CRIU: every field has the
 * wire type that its shape tells, no length reaches past its message, no required field is missing. The protobuf library is
 * more lenient: it would read a damaged message as a different one. Nothing is allocated for what the bytes claim to hold.
 *
 * @returns the checker: it returns the first problem, or undefined if the message is valid
 */
export function wireChecker(root: Shape): Checker {
  const checkers = new Map<Shape, Checker>();
  const checkerOf = (shape: Shape): Checker => {
    const known = checkers.get(shape);
    if (known !== undefined) return known;
    const expected = new Map<number, Expected>();
    let requiredCount = 0;
    // no message of CRIU's contains itself
    for (const [name, { number, rule, type }] of Object.entries(shape.fields)) {
      const part = typeof type === 'string' ? undefined : checkerOf(type);
      const wireType = typeof type === 'string' ? wireTypes[type] : BYTES;
      const bit = rule === 'required' ? requiredCount++ : -1;
      const low = bit >= 0 && bit < 30 ? 1 << bit : 0;
      const high = bit >= 30 ? 1 << (bit - 30) : 0;
      expected.set(number, { name, wireType, packable: rule === 'repeated' && wireType !== BYTES, part, low, high });
    }
    const checker = messageChecker(shape.name, expected);
    checkers.set(shape, checker);
    return checker;
  };
  return checkerOf(root);
}

function messageChecker(message: string, fields: Map<number, Expected>): Checker {
  const allLow = [...fields.values()].reduce((bits, { low }) => bits | low, 0);
  const allHigh = [...fields.values()].reduce((bits, { high }) => bits | high, 0);
  return (bytes, start, end) => {
    let seenLow = 0;
    let seenHigh = 0;
    let at = start;
    while (at < end) {
      const tagEnd = varintEnd(bytes, at, end);
      const tag = tagEnd < 0 ? Number.NaN : smallVarint(bytes, at, tagEnd);
      if (!(tag >= 8)) return `${message} has no valid field at its byte ${at - start}`;
      const field = fields.get(Math.floor(tag / 8));
      const wireType = tag % 8;
      const where = field === undefined ? message : `${message}.${field.name}`;
      if (field !== undefined && wireType !== field.wireType && !(field.packable && wireType === BYTES))
        return `${where} has wire type ${wireType}`;
      let next: number;
      if (wireType === VARINT) next = varintEnd(bytes, tagEnd, end);
      else if (wireType === FIXED64) next = tagEnd + 8;
      else if (wireType === FIXED32) next = tagEnd + 4;
      else if (wireType === BYTES) {
        const lengthEnd = varintEnd(bytes, tagEnd, end);
        if (lengthEnd < 0) return `${where} is cut off`;
        next = lengthEnd + smallVarint(bytes, tagEnd, lengthEnd);
        if (!(next <= end)) return `${where} is longer than its message`;
        const problem = field?.part?.(bytes, lengthEnd, next);
        if (problem !== undefined) return problem;
      } else return `${where} has wire type ${wireType}`;
      if (next < 0 || next > end) return `${where} is cut off`;
      if (field !== undefined) {
        seenLow |= field.low;
        seenHigh |= field.high;
      }
      at = next;
    }
    if (seenLow === allLow && seenHigh === allHigh) return undefined;
    const missing = [...fields.values()].find(({ low, high }) => ((low & ~seenLow) | (high & ~seenHigh)) !== 0);
    return `${message}.${missing?.name} is missing`;
  };
}
