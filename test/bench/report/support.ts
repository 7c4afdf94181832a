import type { Cell, Failed, Measured, Run } from '../../../bench/report/runs.ts';

export function measured(
  clientGapMs: number,
  totalMs: number,
  sentBytes: number,
  phasesMs = {},
  more: Partial<Measured> = {},
): Measured {
  return { ok: true, clientGapMs, totalMs, sentBytes, phasesMs, phasesBytes: {}, ...more };
}

export function failed(reason: string): Failed {
  return { ok: false, reason };
}

export function run(
  contestant: string,
  memoryMiB: number,
  outcome: Measured | Failed,
  linkMbps: number | null = null,
): Run {
  return { contestant, technique: 'cold', memoryMiB, dirtyMBps: 0, linkMbps, rttMs: 0, outcome };
}

/** A summary with nothing between its ends. */
export const gap = (p50: number) => ({ p50, min: p50, max: p50 });

export function cell(contestant: string, given: Partial<Cell> = {}): Cell {
  return {
    memoryMiB: 64,
    dirtyMBps: 0,
    linkMbps: null,
    rttMs: 0,
    contestant,
    technique: 'cold',
    techniqueReason: null,
    clientGapMs: { p50: 500, min: 400, max: 900 },
    frozenMs: null,
    totalMs: 1200,
    sentBytes: 64 * 1024 * 1024,
    runs: 5,
    phasesMs: {},
    phasesBytes: {},
    rounds: null,
    savedBytes: null,
    schedulingGapMs: null,
    preparedBytes: null,
    changedBytes: null,
    agentMemoryBytes: null,
    helpersMemoryBytes: null,
    agentCpuMs: null,
    agentCpuMsPerGiB: null,
    failures: [],
    refused: false,
    ...given,
  };
}

/** A cell in which no run was measured. */
export function emptyCell(contestant: string, given: Partial<Cell> = {}): Cell {
  return cell(contestant, { clientGapMs: null, totalMs: null, sentBytes: null, runs: 0, ...given });
}
