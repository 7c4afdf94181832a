import { setTimeout as wait } from 'node:timers/promises';
import type { Sample } from './sample.ts';

const sampleMs = 100;

/**
 * How fast the memory of running processes changes: its sample is read twice.
 *
 * @returns bytes a second, counted as whole pages; of pages that change again and again each counts once
 */
export async function sampleDirtyRate({ pages, totalPages }: Sample, pageBytes: number): Promise<number> {
  if (pages.length === 0) return 0;
  const before = Buffer.allocUnsafeSlow(pages.length * pageBytes);
  const slot = (index: number) => before.subarray(index * pageBytes, (index + 1) * pageBytes);
  const readFirst = pages.map(({ process, page }, index) => process.read(page, 1, slot(index)) === 1);
  const startedMs = performance.now();
  await wait(sampleMs);
  const now = Buffer.allocUnsafeSlow(pageBytes);
  const changed = pages.filter(
    ({ process, page }, index) => readFirst[index] && process.read(page, 1, now) === 1 && !now.equals(slot(index)),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  return ((changed.length / pages.length) * totalPages * pageBytes) / seconds;
}
