import { setTimeout as wait } from 'node:timers/promises';
import type { ProcessMemory } from './processMemory.ts';

const samplePages = 4096;
const sampleMs = 100;

/**
 * How fast the memory of running processes changes, from a sample that is spread over all of it and read twice.
 *
 * @returns bytes a second, counted as whole pages; of pages that change again and again each counts once
 */
export async function sampleDirtyRate(processes: readonly ProcessMemory[], pageBytes: number): Promise<number> {
  const runs = processes.flatMap((process) => process.ownPages().map((run) => ({ process, ...run })));
  const total = runs.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return 0;
  const stride = Math.max(1, Math.floor(total / samplePages));
  const chosen: { process: ProcessMemory; page: number }[] = [];
  let skip = 0;
  for (const { process, page, count } of runs) {
    for (; skip < count; skip += stride) chosen.push({ process, page: page + skip });
    skip -= count;
  }
  const before = Buffer.allocUnsafeSlow(chosen.length * pageBytes);
  const slot = (index: number) => before.subarray(index * pageBytes, (index + 1) * pageBytes);
  const readFirst = chosen.map(({ process, page }, index) => process.read(page, 1, slot(index)) === 1);
  const startedMs = performance.now();
  await wait(sampleMs);
  const now = Buffer.allocUnsafeSlow(pageBytes);
  const changed = chosen.filter(
    ({ process, page }, index) => readFirst[index] && process.read(page, 1, now) === 1 && !now.equals(slot(index)),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  return ((changed.length / chosen.length) * total * pageBytes) / seconds;
}
