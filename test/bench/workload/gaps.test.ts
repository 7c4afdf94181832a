import test from 'ava';
import { makeGapRecord } from '../../../bench/workload/gaps.ts';

test('the worst gap of a time, and no gap of another', (t) => {
  const record = makeGapRecord();
  for (const [atMs, gapMs] of [
    [100, 50],
    [110, 1.1],
    [120, 7.5],
    [130, 1.2],
    [900, 640],
  ] as const) {
    record.heard(atMs, gapMs);
  }
  t.is(record.worstBetween(105, 140), 7.5);
  t.is(record.worstBetween(130, 130), 1.2);
  t.is(record.worstBetween(0, 1000), 640);
});

test('a time without an answer has no gap', (t) => {
  const record = makeGapRecord();
  record.heard(100, 5);
  t.is(record.worstBetween(101, 200), undefined);
});

test('old answers are forgotten, the latest are not', (t) => {
  const record = makeGapRecord(10);
  for (let atMs = 0; atMs < 1000; atMs += 1) record.heard(atMs, atMs);
  t.is(record.worstBetween(0, 500), undefined);
  t.is(record.worstBetween(991, 998), 998);
});
