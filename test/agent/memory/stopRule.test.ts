import test from 'ava';
import fc from 'fast-check';
import { type Round, type StopLimits, stopRule } from '../../../agent/memory/stopRule.ts';

const limits: StopLimits = {
  downtimeMs: 300,
  fixedMs: 100,
  compareMsPerByte: 0,
  leftFollows: false,
  mostRounds: 8,
  mostMs: 60_000,
};
const rate = 10e6;
const round = (changedBytes: number, durationMs = 100): Round => ({
  durationMs,
  scannedBytes: 100e6,
  changedBytes,
  sentBytes: changedBytes,
});
const reason = (rounds: Round[], changed: Partial<StopLimits> = {}) => {
  const verdict = stopRule(rounds, rate, { ...limits, ...changed });
  return verdict.stop ? verdict.reason : 'go on';
};

test('before the first round, and after one that had everything to send, it goes on', (t) => {
  t.is(reason([]), 'go on');
  t.is(reason([round(1)]), 'go on');
});

test('little that is left is enough', (t) => {
  t.is(reason([round(50e6), round(200 << 10)], { downtimeMs: 0 }), '200 KiB left');
});

test('what fits into the pause is enough, and the user says how long that is', (t) => {
  t.regex(reason([round(50e6), round(1.9e6)]), /fits into 300 ms/);
  t.is(reason([round(50e6), round(2.1e6)]), 'go on');
  t.regex(reason([round(50e6), round(2.1e6)], { downtimeMs: 400 }), /fits into 400 ms/);
});

test('comparing counts into the pause where the container stands still for it', (t) => {
  t.is(reason([round(50e6), round(1.9e6)], { compareMsPerByte: 1e-6 }), 'go on');
});

test('what no longer shrinks for two rounds is given up', (t) => {
  t.is(reason([50e6, 20e6, 20e6, 20e6].map((bytes) => round(bytes))), 'it no longer shrinks');
  t.is(reason([50e6, 20e6, 20e6, 10e6].map((bytes) => round(bytes))), 'go on');
  t.is(reason([50e6, 20e6, 20e6].map((bytes) => round(bytes))), 'go on');
});

test('there is a limit to rounds and to time, and the first round does not count into the time', (t) => {
  t.is(reason([9, 8, 7, 6, 5, 4, 3.5, 3].map((part) => round(part * 10e6))), '8 rounds');
  t.is(reason([round(900e6, 90_000), round(500e6, 50_000)]), 'go on');
  t.is(reason([round(900e6, 90_000), round(500e6, 50_000), round(300e6, 30_000)]), 'time is up');
});

test('whatever memory and link do, it ends', (t) => {
  const arbitraryRound = fc.record({
    durationMs: fc.nat(1e6),
    scannedBytes: fc.nat(1e9),
    changedBytes: fc.nat(1e9),
    sentBytes: fc.nat(1e9),
  });
  fc.assert(
    fc.property(
      fc.array(arbitraryRound, { minLength: 8, maxLength: 8 }),
      fc.constantFrom(0, 1, 1e6, 1e12),
      (rounds, link) => {
        t.true(rounds.some((_, index) => stopRule(rounds.slice(0, index + 1), link, limits).stop));
      },
    ),
  );
});
