import test from 'ava';
import fc from 'fast-check';
import { exclusiveOr, isSparse } from '../../../agent/memory/pageDifference.ts';

test('the difference of a difference is what there was, wherever the buffers begin and end', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 70 }),
      fc.uint8Array({ minLength: 70, maxLength: 70 }),
      fc.nat(4),
      fc.nat(4),
      (one, two, shift, otherShift) => {
        const at = (bytes: Uint8Array, offset: number) => {
          const buffer = Buffer.alloc(bytes.length + offset);
          buffer.set(bytes, offset);
          return buffer.subarray(offset);
        };
        const [bytes, other] = [at(one, shift), at(two.subarray(0, one.length), otherShift)];
        exclusiveOr(bytes, other);
        t.deepEqual(
          [...bytes],
          [...one].map((byte, index) => byte ^ (two[index] as number)),
        );
        exclusiveOr(bytes, other);
        t.deepEqual([...bytes], [...one]);
      },
    ),
  );
});

test('a page is sparse when at most half of its words differ', (t) => {
  const before = Buffer.alloc(4096, 7);
  const changedIn = (words: number) => {
    const page = Buffer.from(before);
    for (let word = 0; word < words; word += 1) page[word * 4 + (word % 4)] = 8;
    return page;
  };
  t.true(isSparse(before, before));
  t.true(isSparse(changedIn(512), before));
  t.false(isSparse(changedIn(513), before));
  t.false(isSparse(Buffer.alloc(4096, 9), before));
});

test('wherever in memory the two pages lie, the verdict on what is sparse is much the same', (t) => {
  const moved = (page: Buffer) => Buffer.concat([Buffer.alloc(1), page]).subarray(1);
  const before = Buffer.alloc(4096, 7);
  const page = Buffer.from(before);
  page.fill(9, 100, 200);
  t.true(isSparse(moved(page), before));
  t.false(isSparse(moved(Buffer.alloc(4096, 9)), before));
});
