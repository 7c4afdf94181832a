import { InvalidArgumentError } from 'commander';

const unitMs: Record<string, number> = { ms: 1, s: 1000, min: 60_000, m: 60_000, h: 3_600_000 };

/**
 * Reads a duration such as `250ms`, `10s`, `1.5min` or `2h`. A unit is asked for, since a bare number says too little.
 *
 * @returns milliseconds
 * @throws InvalidArgumentError naming what is wrong
 */
export function parseDuration(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text.trim()) ?? [];
  const factor = unitMs[unit?.toLowerCase() ?? ''];
  if (number === undefined || factor === undefined) {
    throw new InvalidArgumentError(`"${text}" is not a duration; write for example 250ms, 10s or 2min.`);
  }
  return Number(number) * factor;
}
