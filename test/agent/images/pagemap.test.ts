import test from 'ava';
import fc from 'fast-check';
import { readPagemap, writePagemap } from '../../../agent/images/pagemap.ts';
import { TagalongError } from '../../../broker/contract/errors.ts';

const arbitraryPagemap = fc.record({
  pagesId: fc.nat(),
  entries: fc.array(
    fc.record({
      address: fc.nat({ max: 2 ** 35 }).map((page) => page * 4096),
      pages: fc.integer({ min: 1, max: 2 ** 40 }),
      present: fc.boolean(),
      lazy: fc.boolean(),
      inParent: fc.boolean(),
    }),
  ),
});

/** An image by hand: magic, then entries behind their lengths. */
function image(...entries: number[][]): Buffer {
  const head = [0x19, 0x43, 0x56, 0x54, 0x25, 0x40, 0x08, 0x56];
  return Buffer.from([...head, ...entries.flatMap((entry) => [entry.length, 0, 0, 0, ...entry])]);
}

test('a pagemap that is written is read back', (t) => {
  fc.assert(
    fc.property(arbitraryPagemap, (pagemap) => {
      t.deepEqual(readPagemap(writePagemap(pagemap)), pagemap);
    }),
  );
});

test('the form is that of CRIU 4.2: a count of 0 in field 2, flags in 4, the count in 5', (t) => {
  const bytes = image([0x08, 7], [0x08, 0x80, 0x20, 0x10, 0, 0x20, 5, 0x28, 3]);
  const pagemap = { pagesId: 7, entries: [{ address: 4096, pages: 3, present: true, lazy: false, inParent: true }] };
  t.deepEqual(readPagemap(bytes), pagemap);
  t.deepEqual(writePagemap(pagemap), bytes);
});

test('older images are read: the count in field 2, no flags, in_parent in field 3', (t) => {
  const bytes = image([0x08, 1], [0x08, 0x80, 0x20, 0x10, 3], [0x08, 0x80, 0x40, 0x10, 1, 0x18, 1]);
  t.deepEqual(readPagemap(bytes).entries, [
    { address: 4096, pages: 3, present: true, lazy: false, inParent: false },
    { address: 8192, pages: 1, present: false, lazy: false, inParent: true },
  ]);
});

test('what is no pagemap is a bad image, by the name of its file', (t) => {
  const bad: [Buffer, RegExp][] = [
    [Buffer.alloc(0), /ends after 0 bytes, within its magic/],
    [Buffer.from('not an image at all'), /magic is 0x20746f6e instead of 0x54564319/],
    [image(), /cut off at byte 8/],
    [image([0x08, 1]).subarray(0, 13), /an entry of 2 bytes starts at byte 12 of 13/],
    [Buffer.concat([image([0x08, 1]), Buffer.from([0xff, 0xff, 0xff, 0xff])]), /an entry of 4294967295 bytes/],
    [image([0x08, 1], [0x08, 1]), /pagemap_entry\.compatNrPages is missing/],
    [image([0x08, 1], [0x0a, 1, 0]), /pagemap_entry\.vaddr has wire type 2/],
    [image([0x08, 1], [0x08, 0x80]), /pagemap_entry\.vaddr is cut off/],
  ];
  for (const [bytes, problem] of bad) {
    const error = t.throws(() => readPagemap(bytes, 'pagemap-9.img'), { instanceOf: TagalongError });
    t.is(error.code, 'bad-image');
    t.is(error.details['file'], 'pagemap-9.img');
    t.regex(String(error.details['problem']), problem);
  }
});
