import test from 'ava';
import fc from 'fast-check';
import { optional, repeated, required, shape } from '../../../../agent/images/codec/fields.ts';
import { messageCodec } from '../../../../agent/images/codec/messageCodec.ts';
import { varintEnd, varintValue, writeVarint } from '../../../../agent/images/codec/varint.ts';

const part = shape('part', { name: required(1, 'text') });
const codec = messageCodec(
  shape('whole', {
    id: required(1, 'uint32'),
    change: optional(2, 'sint32'),
    sizes: repeated(3, 'uint64'),
    part: optional(4, part),
    words: repeated(5, 'fixed64'),
    yes: optional(6, 'bool'),
    code: optional(7, 'int32'),
  }),
);

function problem(...bytes: number[]): string | undefined {
  return codec.check(Uint8Array.from(bytes), 0, bytes.length);
}

test('what is encoded is valid and comes back, also text that is not UTF-8', (t) => {
  const arbitrary = fc.record(
    {
      id: fc.nat(),
      change: fc.integer(),
      sizes: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
      part: fc.record({ name: fc.uint8Array() }, { noNullPrototype: true }),
      words: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
      yes: fc.boolean(),
      code: fc.integer(),
    },
    { requiredKeys: ['id', 'sizes', 'words'], noNullPrototype: true },
  );
  fc.assert(
    fc.property(arbitrary, (message) => {
      const bytes = codec.encode(message);
      t.is(codec.check(bytes, 0, bytes.length), undefined);
      t.like(codec.decode(bytes, 'x'), message);
    }),
  );
});

test('a missing optional field is undefined, not zero', (t) => {
  const { change, part: inner, yes } = codec.decode(Uint8Array.from([8, 1]), 'x');
  t.deepEqual([change, inner, yes], [undefined, undefined, undefined]);
});

test('unknown fields of any type are valid and are kept', (t) => {
  const bytes = Uint8Array.from([
    8, 1, 0xa0, 6, 1, 0xa9, 6, 1, 2, 3, 4, 5, 6, 7, 8, 0xb2, 6, 1, 9, 0xbd, 6, 1, 2, 3, 4,
  ]);
  t.deepEqual(codec.encode(codec.decode(bytes, 'x')), bytes);
});

test('a negative code is ten bytes long, as protobuf-c writes it', (t) => {
  t.is(codec.encode({ id: 1, code: -1, sizes: [], words: [] }).length, 2 + 1 + 10);
});

test('what the library would read as something else is refused', (t) => {
  t.is(problem(), 'whole.id is missing');
  t.is(problem(10, 1, 0), 'whole.id has wire type 2');
  t.is(problem(8), 'whole.id is cut off');
  t.is(problem(8, 0x80), 'whole.id is cut off');
  t.is(problem(8, ...Array(10).fill(0x80), 0), 'whole.id is cut off');
  t.is(problem(8, 1, 0x29, 1, 2), 'whole.words is cut off');
  t.is(problem(8, 1, 0x22, 5, 10, 1, 65), 'whole.part is longer than its message');
  // within the message, but beyond the part
  t.is(problem(8, 1, 0x22, 2, 10, 3, 65, 65, 65), 'part.name is longer than its message');
  t.is(problem(8, 1, 0x22, 0), 'part.name is missing');
  t.is(problem(8, 1, 0x22, 0xff, 0xff, 0xff, 0xff, 0x7f), 'whole.part is longer than its message');
  t.is(problem(0, 1), 'whole has no valid field at its byte 0');
  // a group, which no message has
  t.is(problem(8, 1, 0xa3, 6, 0xa4, 6), 'whole has wire type 3');
  t.is(problem(8, 1, 0x18, 1, 0x1a, 2, 1, 2), undefined, 'a repeated number may come packed');
});

test('bytes of any kind are valid or have a problem, and then are not decoded', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      if (codec.check(bytes, 0, bytes.length) === undefined) t.notThrows(() => codec.decode(bytes, 'x'));
      else t.throws(() => codec.decode(bytes, 'x'), { message: /The image x is not usable: / });
    }),
    { numRuns: 2000 },
  );
});

test('a varint is as long as it must be and keeps its value', (t) => {
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (value) => {
      const bytes = new Uint8Array(10);
      const end = writeVarint(bytes, 0, value);
      t.is(varintEnd(bytes, 0, 10), end);
      t.is(varintValue(bytes, 0, end), value);
      t.is(end, Math.max(1, Math.ceil(value.toString(2).length / 7)));
    }),
  );
});
