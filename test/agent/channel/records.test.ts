import { Readable } from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import { z } from 'zod';
import { linesOf } from '../../../agent/channel/lines.ts';
import { ByteReader, encodeHeader, readHeader } from '../../../agent/channel/records.ts';
import type { TagalongError } from '../../../broker/contract/errors.ts';

/** The bytes cut at random places. */
const cut = (bytes: Buffer, places: number[]) => {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...ends].map((start, index) => bytes.subarray(start, ends[index] ?? bytes.length));
};
const schema = z.object({ kind: z.string(), sizeBytes: z.int() });

test('records come through, wherever the network cuts them', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 })), fc.array(fc.nat()), async (contents, places) => {
      const bytes = Buffer.concat(
        contents.flatMap((content) => [encodeHeader({ kind: 'x', sizeBytes: content.length }), content]),
      );
      const reader = new ByteReader(Readable.from(cut(bytes, places)));
      for (const content of contents) {
        const { sizeBytes } = await readHeader(reader, schema);
        t.deepEqual([...(await reader.exactly(sizeBytes))], [...content]);
      }
      t.is(((await t.throwsAsync(reader.exactly(1))) as TagalongError).code, 'transfer-failed');
    }),
  );
});

test('lines come through, wherever the network cuts them', async (t) => {
  const line = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\n'));
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.array(fc.nat()), async (lines, places) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
      t.deepEqual(await Array.fromAsync(linesOf(Readable.from(cut(bytes, places)), 1000)), lines);
    }),
  );
});

test('a line without an end does not fill the memory', async (t) => {
  let given = 0;
  async function* endless() {
    for (;;) {
      given += 1;
      yield Buffer.alloc(1000, 'x');
    }
  }
  const error = await t.throwsAsync(Array.fromAsync(linesOf(endless(), 10_000)));
  t.is((error as TagalongError | undefined)?.code, 'transfer-failed');
  t.true(given <= 12);
});
