import test from 'ava';
import { lostCells } from '../../../bench/report/lost.ts';
import { cell, emptyCell, gap } from './support.ts';

test('a cell is lost where somebody with the same order is silent for a shorter time', (t) => {
  const auto = {
    technique: 'pre-copy',
    techniqueReason: 'it changes little',
    phasesMs: { switching: 300, freezing: 90 },
  };
  const lost = lostCells([
    cell('tagalong-auto', { ...auto, clientGapMs: { p50: 500, min: 380, max: 600 }, sentBytes: 1024 }),
    cell('recipe-cold', { clientGapMs: gap(800) }),
    cell('recipe-post-copy', { clientGapMs: { p50: 400, min: 390, max: 410 }, sentBytes: 2048 }),
  ]);
  t.deepEqual(lost, [
    {
      memoryMiB: 64,
      dirtyMBps: 0,
      linkMbps: null,
      rttMs: 0,
      best: 'recipe-post-copy',
      bestGapMs: 400,
      autoGapMs: 500,
      spreadsOverlap: true,
      why: 'chose pre-copy ("it changes little"); longest part of its pause: switching, 300 ms; sent 1 KiB, recipe-post-copy 2 KiB',
    },
  ]);
});

test('what was prepared, comes back or goes nowhere is no rival, nor is who failed', (t) => {
  const cells = [
    cell('tagalong-auto'),
    ...['tagalong-prepared', 'tagalong-return', 'tagalong-return-changed', 'floor'].map((name) =>
      cell(name, { clientGapMs: gap(10) }),
    ),
    emptyCell('podman'),
    cell('recipe-cold', { clientGapMs: gap(500) }),
  ];
  t.deepEqual(lostCells(cells), []);
});

test('cells are lost one by one, and none where the chooser was not measured', (t) => {
  const lost = lostCells([
    cell('tagalong-auto', { memoryMiB: 1, clientGapMs: gap(90) }),
    cell('tagalong-cold', { memoryMiB: 1, clientGapMs: gap(80) }),
    emptyCell('tagalong-auto', { memoryMiB: 2 }),
    cell('tagalong-cold', { memoryMiB: 2 }),
    cell('tagalong-auto', { memoryMiB: 3, clientGapMs: gap(90) }),
    cell('tagalong-cold', { memoryMiB: 3, linkMbps: 100, clientGapMs: gap(80) }),
  ]);
  t.deepEqual(
    lost.map(({ memoryMiB, best, spreadsOverlap }) => [memoryMiB, best, spreadsOverlap]),
    [[1, 'tagalong-cold', false]],
  );
  t.regex(lost[0]?.why ?? '', /the same technique as the best/);
});
