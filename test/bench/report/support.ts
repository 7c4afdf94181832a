import type { Cell, Outcome, Run } from '../../../bench/report/runs.ts';

export function measured(clientGapMs: number, totalMs: number, sentBytes: number, phasesMs = {}): Outcome {
  return { ok: true, clientGapMs, totalMs, sentBytes, phasesMs };
}

export function failed(reason: string): Outcome {
  return { ok: false, reason };
}

export function run(contestant: string, memoryMiB: number, outcome: Outcome, linkMbps: number | null = null): Run {
  return { contestant, technique: 'cold', memoryMiB, dirtyMBps: 0, linkMbps, outcome };
}

export function cell(contestant: string, given: Partial<Cell> = {}): Cell {
  return {
    memoryMiB: 64,
    dirtyMBps: 0,
    linkMbps: null,
    contestant,
    technique: 'cold',
    clientGapMs: { p50: 500, min: 400, max: 900 },
    totalMs: 1200,
    sentBytes: 64 * 1024 * 1024,
    runs: 5,
    phasesMs: {},
    failures: [],
    ...given,
  };
}
