import { median, type Summary, summarise } from '../measure/summary.ts';

/** Under which conditions runs are compared. */
export interface Conditions {
  memoryMiB: number;
  /** How fast the workload writes to its memory. */
  dirtyMBps: number;
  /** Limit of the source's uplink in each direction; null: none. */
  linkMbps: number | null;
}

export interface Measured {
  ok: true;
  /** The longest time in which the client in the station heard nothing. */
  clientGapMs: number;
  /** From the order until it runs at the destination. */
  totalMs: number;
  /** By the source on the backbone, from before the order until the client was content. */
  sentBytes: number;
  phasesMs: Record<string, number>;
}

export interface Failed {
  ok: false;
  reason: string;
}

export type Outcome = Measured | Failed;

/** One run of one contestant. */
export interface Run extends Conditions {
  contestant: string;
  technique: string;
  outcome: Outcome;
}

/** All runs of one contestant under the same conditions. Medians, and null where every run failed. */
export interface Cell extends Conditions {
  contestant: string;
  technique: string;
  clientGapMs: Summary | null;
  totalMs: number | null;
  sentBytes: number | null;
  /** How many runs the numbers come from. */
  runs: number;
  phasesMs: Record<string, number>;
  /** Why each failed run failed. */
  failures: string[];
}

const tenth = (value: number) => Math.round(value * 10) / 10;

function rounded(summary: Summary | undefined): Summary | null {
  return summary === undefined ? null : { p50: tenth(summary.p50), min: tenth(summary.min), max: tenth(summary.max) };
}

function medianOf(values: readonly number[], round: (value: number) => number): number | null {
  const found = median(values);
  return found === undefined ? null : round(found);
}

function medianPhases(measured: readonly Measured[]): Record<string, number> {
  const names = [...new Set(measured.flatMap(({ phasesMs }) => Object.keys(phasesMs)))];
  return Object.fromEntries(
    names.map((name) => [
      name,
      medianOf(
        measured.map(({ phasesMs }) => phasesMs[name] ?? 0),
        tenth,
      ) ?? 0,
    ]),
  );
}

function cellOf(runs: readonly Run[], first: Run): Cell {
  const measured = runs.map(({ outcome }) => outcome).filter((outcome) => outcome.ok);
  const { memoryMiB, dirtyMBps, linkMbps, contestant, technique } = first;
  return {
    memoryMiB,
    dirtyMBps,
    linkMbps,
    contestant,
    technique,
    clientGapMs: rounded(summarise(measured.map(({ clientGapMs }) => clientGapMs))),
    totalMs: medianOf(
      measured.map(({ totalMs }) => totalMs),
      tenth,
    ),
    sentBytes: medianOf(
      measured.map(({ sentBytes }) => sentBytes),
      Math.round,
    ),
    runs: measured.length,
    phasesMs: medianPhases(measured),
    failures: runs.flatMap(({ outcome }) => (outcome.ok ? [] : [outcome.reason])),
  };
}

/** Runs by conditions and contestant, in the order of the first run of each, conditions together. */
export function cellsOf(runs: readonly Run[]): Cell[] {
  const conditions = (run: Conditions) => JSON.stringify([run.linkMbps, run.memoryMiB, run.dirtyMBps]);
  const byConditions = Object.values(Object.groupBy(runs, conditions));
  return byConditions.flatMap((group = []) =>
    Object.values(
      Object.groupBy(group, ({ contestant, technique }) => JSON.stringify([contestant, technique])),
    ).flatMap((same = []) => (same[0] === undefined ? [] : [cellOf(same, same[0])])),
  );
}
