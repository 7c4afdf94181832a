import test from 'ava';
import fc from 'fast-check';
import { chooseTechnique } from '../../../agent/migration/chooseTechnique.ts';
import { type Circumstances, estimateMove, noticedMs } from '../../../agent/migration/estimate.ts';
import { techniqueSchema } from '../../../broker/contract/documents.ts';

const techniques = techniqueSchema.options;
const small: Circumstances = {
  memoryBytes: 1 << 20,
  knownBytes: 0,
  dirtyBytesPerSecond: 100_000,
  linkBytesPerSecond: 118e6,
  rttMs: 0.5,
  downtimeTargetMs: 300,
  fileBytes: 1000,
  correction: {},
};
const large: Circumstances = { ...small, memoryBytes: 512 << 20 };

const arbitraryCircumstances = fc.record({
  memoryBytes: fc.nat(4e9),
  knownBytes: fc.nat(4e9),
  dirtyBytesPerSecond: fc.nat(1e9),
  linkBytesPerSecond: fc.integer({ min: 1e4, max: 2e9 }),
  rttMs: fc.float({ min: 0, max: 300, noNaN: true }),
  fileBytes: fc.nat(1e9),
  downtimeTargetMs: fc.constant(300),
  correction: fc.constant({}),
});

test('every estimate is a time and a size, whatever is given', (t) => {
  fc.assert(
    fc.property(arbitraryCircumstances, fc.constantFrom(...techniques), (given, technique) => {
      const { downtimeMs, totalMs, sentBytes } = estimateMove(technique, given);
      t.true(Number.isSafeInteger(downtimeMs) && downtimeMs >= 100);
      t.true(Number.isSafeInteger(totalMs) && totalMs >= downtimeMs);
      t.true(Number.isSafeInteger(sentBytes) && sentBytes >= given.fileBytes);
    }),
  );
});

test('a cold move stops longer for more memory and on a slower link, less for what is known there', (t) => {
  fc.assert(
    fc.property(arbitraryCircumstances, fc.integer({ min: 1, max: 8 }), (given, times) => {
      const pause = (changed: Partial<Circumstances>) => estimateMove('cold', { ...given, ...changed }).downtimeMs;
      // small containers are read into their processes before they run, which large ones are not: compared apart
      const memoryBytes = given.memoryBytes + (64 << 20);
      const base = pause({ memoryBytes });
      t.true(pause({ memoryBytes: memoryBytes * times, knownBytes: given.knownBytes }) >= base);
      t.true(pause({ memoryBytes, linkBytesPerSecond: given.linkBytesPerSecond / times }) >= base);
      t.true(pause({ memoryBytes, knownBytes: given.knownBytes * times }) <= base);
    }),
  );
});

test('rounds shorten the pause, less so the faster memory changes', (t) => {
  const pause = (dirtyBytesPerSecond: number) =>
    estimateMove('pre-copy', { ...large, linkBytesPerSecond: 10e6, dirtyBytesPerSecond }).downtimeMs;
  const rates = [0, 1e5, 1e6, 5e6, 9e6, 50e6].map(pause);
  t.deepEqual(
    rates,
    rates.toSorted((a, b) => a - b),
  );
  t.true((rates[0] ?? 0) * 4 < estimateMove('cold', { ...large, linkBytesPerSecond: 10e6 }).downtimeMs);
});

test('what earlier moves showed corrects the pause in proportion', (t) => {
  const plain = estimateMove('cold', small).downtimeMs;
  const corrected = estimateMove('cold', { ...small, correction: { cold: 2, hybrid: 9 } }).downtimeMs;
  t.true(Math.abs(corrected - 2 * plain) <= 2);
});

test('a small container on a fast link goes cold', (t) => {
  t.is(chooseTechnique('auto', small, undefined).technique, 'cold');
  t.is(chooseTechnique(undefined, small, undefined).technique, 'cold');
});

test('on a slow link, or with much memory, rounds go ahead', (t) => {
  for (const given of [{ ...small, linkBytesPerSecond: 2e6 }, large, { ...large, linkBytesPerSecond: 12e6 }]) {
    const { technique } = chooseTechnique('auto', given, undefined);
    t.true(['pre-copy', 'hybrid'].includes(technique), technique);
  }
});

test('what the destination knows already makes a cold move short enough', (t) => {
  const given = { ...large, memoryBytes: 16 << 20, linkBytesPerSecond: 12e6 };
  t.not(chooseTechnique('auto', given, undefined).technique, 'cold');
  t.is(chooseTechnique('auto', { ...given, knownBytes: 16 << 20 }, undefined).technique, 'cold');
});

test('without userfaultfd no technique leaves pages behind, and the reason says why', (t) => {
  fc.assert(
    fc.property(arbitraryCircumstances, (given) => {
      const { technique, reason } = chooseTechnique('auto', given, 'no userfaultfd');
      t.true(technique === 'cold' || technique === 'pre-copy');
      t.regex(reason, /memory cannot follow: no userfaultfd/);
    }),
  );
});

test('what is chosen is never much longer than the best, and the plainer of two that are alike', (t) => {
  fc.assert(
    fc.property(arbitraryCircumstances, (given) => {
      const { estimate } = chooseTechnique('auto', given, undefined);
      const all = techniques
        .filter((technique) => technique !== 'post-copy')
        .map((technique) => noticedMs(estimateMove(technique, given)));
      const best = Math.min(...all);
      // each step of the order may forgo the greater of 15 ms and a twentieth
      t.true(noticedMs(estimate) <= Math.max(best + 3 * 15, best / 0.95 ** 3) + 1);
      const cold = estimateMove('cold', given).downtimeMs;
      if (cold - best <= 15) t.is(estimate.technique, 'cold');
    }),
  );
});

test('the reason names what was expected and why', (t) => {
  const { reason, estimate } = chooseTechnique('auto', { ...large, knownBytes: 1 << 20 }, undefined);
  for (const part of [
    `about ${noticedMs(estimate)} ms`,
    '512 MiB of memory',
    '1.0 MiB of it known',
    '944 Mbit/s',
    '/s changing',
  ])
    t.true(reason.includes(part), `${part}: ${reason}`);
  for (const technique of techniques.filter((other) => other !== estimate.technique && other !== 'post-copy'))
    t.true(reason.includes(technique));
});

for (const technique of techniques) {
  test(`a request for ${technique} is obeyed`, (t) => {
    for (const problem of [undefined, 'no userfaultfd']) {
      const choice = chooseTechnique(technique, small, problem);
      t.is(choice.technique, technique);
      t.is(choice.reason, 'asked for by the request');
      t.is(choice.estimate.technique, technique);
    }
  });
}
