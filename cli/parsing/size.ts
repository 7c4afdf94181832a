import { InvalidArgumentError } from 'commander';

const unitBytes: Record<string, number> = {
  '': 1,
  b: 1,
  k: 1024,
  kib: 1024,
  kb: 1000,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  mb: 1000 ** 2,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  gb: 1000 ** 3,
};

/**
 * Reads a size such as `64MiB`, `1.5G` or `4096`. K, M and G alone are the binary units, as runC and Docker read them;
 * kB, MB and GB are the decimal ones.
 *
 * @returns bytes, rounded down to whole ones
 * @throws InvalidArgumentError naming what is wrong
 */
export function parseSize(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const factor = unitBytes[unit?.toLowerCase() ?? ''];
  if (number === undefined || factor === undefined || Number(number) <= 0) {
    throw new InvalidArgumentError(`"${text}" is not a size; write for example 64MiB, 512k or 1GiB.`);
  }
  const bytes = Math.floor(Number(number) * factor);
  if (!Number.isSafeInteger(bytes)) throw new InvalidArgumentError(`"${text}" is too large.`);
  return bytes;
}
