import fc from 'fast-check';
import type { PageRun, PageStore } from '../../../../agent/memory/pageStore.ts';

/** Small pages make small tests; nothing in the engine depends on their size but their being whole words. */
export const pageBytes = 64;

/** Pages of two processes, near each other, so that they meet. */
export const arbitraryRun = fc.record({
  pid: fc.constantFrom(1, 7),
  page: fc.integer({ min: 0, max: 40 }),
  count: fc.integer({ min: 1, max: 12 }),
});

export const keysOf = ({ pid, page, count }: PageRun): string[] =>
  Array.from({ length: count }, (_, offset) => `${pid}/${page + offset}`);

/** Content that differs from page to page; 0 gives pages of zeros. */
export function content(run: PageRun, seed: number): Buffer {
  const bytes = Buffer.alloc(run.count * pageBytes);
  if (seed !== 0)
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = (seed * 31 + (index >> 6) * 7 + index) & 255;
  return bytes;
}

export const pageOf = (bytes: Buffer, offset: number): Buffer =>
  Buffer.from(bytes.subarray(offset * pageBytes, (offset + 1) * pageBytes));

/** All that a store knows of pages that the arbitrary runs can reach. */
export function contentOf(store: Pick<PageStore, 'has' | 'read'>): Map<string, string> {
  const found = new Map<string, string>();
  for (const pid of [1, 7]) {
    for (let page = 0; page < 60; page += 1) {
      if (!store.has(pid, page)) continue;
      const bytes = Buffer.alloc(pageBytes);
      store.read({ pid, page, count: 1 }, bytes);
      found.set(`${pid}/${page}`, bytes.toString('hex'));
    }
  }
  return found;
}
