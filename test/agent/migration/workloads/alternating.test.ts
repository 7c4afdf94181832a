import { randomInt } from 'node:crypto';
import test from 'ava';
import { moveOver, techniques } from './support/moves.ts';
import { startService } from './support/service.ts';
import { openSite } from './support/site.ts';

const moves = 20;
const memoryBytes = 32 << 20;

/** Pseudo-random numbers from 0 to 1, the same for the same seed (the 32-bit generator mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('in twenty moves to and fro, each by another technique, checksum, files and connection stay what they are', async (t) => {
  t.timeout(300_000);
  const seed = Number(process.env['TEST_SEED'] ?? randomInt(2 ** 31));
  t.log(`TEST_SEED=${seed} gives this very order`);
  const next = numbersFrom(seed);
  const order = Array.from({ length: moves }, () => techniques[Math.floor(next() * techniques.length)] ?? 'cold');
  const site = await openSite(t, 'mixed');
  const service = await startService(t, site, 'mixed', 'ap1', memoryBytes);
  for (const [index, technique] of order.entries()) {
    await moveOver(t, site, 'mixed', technique);
    await service.isUnharmed(t, `move ${index + 1}, ${technique}, in the order of seed ${seed}`);
  }
  t.like(await site.describe('mixed'), { node: 'ap1', generation: moves + 1 });
});
