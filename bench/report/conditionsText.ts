import type { Conditions } from './runs.ts';

/** `free`, `100 Mbit/s`, `20 Mbit/s, RTT 80 ms`. */
export function linkText({ linkMbps, rttMs }: Pick<Conditions, 'linkMbps' | 'rttMs'>): string {
  const limit = linkMbps === null ? 'free' : `${linkMbps} Mbit/s`;
  return rttMs === 0 ? limit : `${limit}, RTT ${rttMs} ms`;
}

/** `64 MiB, 1 MB/s dirty, 100 Mbit/s`. */
export function conditionsText(conditions: Conditions): string {
  return `${conditions.memoryMiB} MiB, ${conditions.dirtyMBps} MB/s dirty, ${linkText(conditions)}`;
}

/** Milliseconds as a person reads them in a table. */
export function msText(value: number): string {
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}
