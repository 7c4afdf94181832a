import test from 'ava';
import { claimsOf } from '../../../bench/report/claims.ts';
import type { Cell } from '../../../bench/report/runs.ts';
import { cell, gap } from './support.ts';

const mib = 1024 * 1024;

/** What the claims whose text fits say, in short. */
function verdicts(cells: readonly Cell[], text: RegExp): [string, number, number][] {
  return claimsOf(cells)
    .filter(({ claim }) => text.test(claim))
    .map(({ verdict, held, compared }) => [verdict, held, compared]);
}

test('without cells nothing was measured, and nothing holds', (t) => {
  const claims = claimsOf([]);
  t.is(claims.length, 9);
  for (const { verdict, figures, compared } of claims) {
    t.is(verdict, 'not measured');
    t.deepEqual(figures, []);
    t.is(compared, 0);
  }
});

test('never slower: compared with the best of each cell', (t) => {
  const good = [
    cell('tagalong-auto', { clientGapMs: gap(100) }),
    cell('recipe-cold', { clientGapMs: gap(900) }),
    cell('tagalong-hybrid', { clientGapMs: gap(100) }),
    cell('floor', { clientGapMs: gap(5) }),
  ];
  const bad = [
    cell('tagalong-auto', { memoryMiB: 1, clientGapMs: gap(100) }),
    cell('podman', { memoryMiB: 1, clientGapMs: gap(900) }),
    cell('tagalong-cold', { memoryMiB: 1, clientGapMs: gap(99) }),
  ];
  t.deepEqual(verdicts(good, /never slower/), [['holds', 1, 1]]);
  t.deepEqual(verdicts([...good, ...bad], /never slower/), [['does not hold', 1, 2]]);
  const figures = claimsOf([...good, ...bad])[0]?.figures;
  t.deepEqual(figures, ['1 MiB, 0 MB/s dirty, free: tagalong-auto 100 ms, tagalong-cold 99 ms']);
});

test('five times: only where memory is large and the link slow', (t) => {
  const pair = (given: Partial<Cell>, own: number, theirs: number) => [
    cell('tagalong-auto', { ...given, clientGapMs: gap(own) }),
    cell('recipe-cold', { ...given, clientGapMs: gap(theirs) }),
  ];
  const elsewhere = [
    ...pair({ memoryMiB: 10, linkMbps: 20 }, 100, 200),
    ...pair({ memoryMiB: 50, linkMbps: 1000 }, 100, 200),
    ...pair({ memoryMiB: 50, linkMbps: null }, 100, 200),
  ];
  t.deepEqual(verdicts(elsewhere, /fifth.*recipe/), [['not measured', 0, 0]]);
  const there = pair({ memoryMiB: 50, linkMbps: 100 }, 100, 500);
  t.deepEqual(verdicts([...elsewhere, ...there], /fifth.*recipe/), [['holds', 1, 1]]);
  t.deepEqual(verdicts([...there, ...pair({ memoryMiB: 256, linkMbps: 13 }, 101, 500)], /fifth.*recipe/), [
    ['does not hold', 1, 2],
  ]);
  t.deepEqual(verdicts(there, /fifth.*podman/), [['not measured', 0, 0]]);
});

test('prepared: 100 MiB beside 1 MiB on the same link', (t) => {
  const prepared = (memoryMiB: number, linkMbps: number, p50: number, dirtyMBps = 0) =>
    cell('tagalong-prepared', { memoryMiB, linkMbps, dirtyMBps, clientGapMs: gap(p50) });
  const text = /at rest/;
  t.deepEqual(verdicts([prepared(100, 20, 130), prepared(1, 20, 100)], text), [['holds', 1, 1]]);
  t.deepEqual(verdicts([prepared(100, 20, 131), prepared(1, 20, 100)], text), [['does not hold', 0, 1]]);
  t.deepEqual(verdicts([prepared(100, 20, 131), prepared(1, 13, 100)], text), [['not measured', 0, 0]]);
  t.deepEqual(verdicts([prepared(100, 20, 131, 1), prepared(1, 20, 100, 1)], text), [['not measured', 0, 0]]);
});

test('prepared beside the floor, and below 100 ms', (t) => {
  const cells = (own: number, linkMbps = 1000) => [
    cell('tagalong-prepared', { linkMbps, clientGapMs: gap(own) }),
    cell('floor', { linkMbps, clientGapMs: gap(60) }),
  ];
  t.deepEqual(verdicts(cells(90), /on one node/), [['holds', 1, 1]]);
  t.deepEqual(verdicts(cells(91), /on one node/), [['does not hold', 0, 1]]);
  t.deepEqual(verdicts(cells(90, 100), /on one node/), [['not measured', 0, 0]]);
  t.deepEqual(verdicts(cells(99.9), /less than 100/), [['holds', 1, 1]]);
  t.deepEqual(verdicts(cells(100), /less than 100/), [['does not hold', 0, 1]]);
});

test('coming back: bytes beside those of the changed pages', (t) => {
  const back = (sentBytes: number, changedBytes: number | null) =>
    verdicts([cell('tagalong-return-changed', { sentBytes, changedBytes })], /comes back/);
  t.deepEqual(back(115, 100), [['holds', 1, 1]]);
  t.deepEqual(back(116, 100), [['does not hold', 0, 1]]);
  t.deepEqual(back(116, null), [['not measured', 0, 0]]);
});

test('the disturbance by rounds, and the memory of the agent', (t) => {
  const rounds = (p50: number) => verdicts([cell('tagalong-auto', { schedulingGapMs: gap(p50) })], /sent ahead/);
  t.deepEqual(rounds(19.9), [['holds', 1, 1]]);
  t.deepEqual(rounds(20), [['does not hold', 0, 1]]);
  const memory = (bytes: number) =>
    verdicts([cell('tagalong-auto', { memoryMiB: 100, agentMemoryBytes: bytes })], /agent and pager/);
  t.deepEqual(memory(160 * mib), [['holds', 1, 1]]);
  t.deepEqual(memory(160 * mib + 1), [['does not hold', 0, 1]]);
});
