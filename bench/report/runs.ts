import { median, type Summary, summarise } from '../measure/summary.ts';

/** Under which conditions runs are compared. */
export interface Conditions {
  memoryMiB: number;
  /** How fast the workload rewrites pages of its memory, in 10^6 bytes a second. */
  dirtyMBps: number;
  /** Limit of the nodes' uplinks in each direction; null: none. */
  linkMbps: number | null;
  /** What is added to the round trip between the nodes. */
  rttMs: number;
}

export interface Measured {
  ok: true;
  /** The longest time in which the client in the station heard nothing. */
  clientGapMs: number;
  /** From the order until all of it is at the destination. */
  totalMs: number;
  /** By the node that it leaves, on the backbone, from before the order until the client was content. */
  sentBytes: number;
  phasesMs: Record<string, number>;
  phasesBytes: Record<string, number>;
  /** The technique that was used, where the contestant chooses, and why. */
  technique?: string;
  techniqueReason?: string;
  /** From freeze to resume, as the agents say. */
  frozenMs?: number;
  /** What that consists of; some of it goes on at the same time. */
  frozenPartsMs?: Record<string, number>;
  rounds?: number;
  savedBytes?: number;
  /** The workload's own worst gap between two wake-ups while memory was sent ahead. */
  schedulingGapMs?: number;
  /** What was sent ahead of the order, by a preparation. */
  preparedBytes?: number;
  /** Pages that the workload had rewritten since it was last at the destination. */
  changedBytes?: number;
  agentMemoryBytes?: number;
  helpersMemoryBytes?: number;
  agentCpuMs?: number;
}

export interface Failed {
  ok: false;
  reason: string;
  /** It was not tried, as this machine cannot do what it needs. */
  refused?: true;
}

export type Outcome = Measured | Failed;

/** One run of one contestant. */
export interface Run extends Conditions {
  contestant: string;
  technique: string;
  outcome: Outcome;
}

/** All runs of one contestant under the same conditions. Medians, and null where every run failed or none has the figure. */
export interface Cell extends Conditions {
  contestant: string;
  /** Where the contestant chooses: what it chose, several of them with a stroke between. */
  technique: string;
  techniqueReason: string | null;
  clientGapMs: Summary | null;
  frozenMs: Summary | null;
  totalMs: number | null;
  sentBytes: number | null;
  /** How many runs the numbers come from. */
  runs: number;
  phasesMs: Record<string, number>;
  phasesBytes: Record<string, number>;
  rounds: number | null;
  savedBytes: number | null;
  schedulingGapMs: Summary | null;
  preparedBytes: number | null;
  changedBytes: number | null;
  /** The largest of all runs. */
  agentMemoryBytes: number | null;
  helpersMemoryBytes: number | null;
  agentCpuMs: number | null;
  /** The agents' processor time for each GiB that was sent. */
  agentCpuMsPerGiB: number | null;
  /** Why each failed run failed. */
  failures: string[];
  /** This machine cannot do what the contestant needs. */
  refused: boolean;
}

/** The conditions as one text, the same for the same conditions. */
export function conditionsKey({ memoryMiB, dirtyMBps, linkMbps, rttMs }: Conditions): string {
  return JSON.stringify([linkMbps, rttMs, memoryMiB, dirtyMBps]);
}

const tenth = (value: number) => Math.round(value * 10) / 10;

function rounded(summary: Summary | undefined): Summary | null {
  return summary === undefined ? null : { p50: tenth(summary.p50), min: tenth(summary.min), max: tenth(summary.max) };
}

/** The values of those runs that have one. */
function valuesOf(measured: readonly Measured[], key: keyof Measured): number[] {
  return measured.map((one) => one[key]).filter((value) => typeof value === 'number');
}

function medianOf(values: readonly number[], round: (value: number) => number): number | null {
  const found = median(values);
  return found === undefined ? null : round(found);
}

function medians(records: readonly Record<string, number>[], round: (value: number) => number): Record<string, number> {
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return Object.fromEntries(
    names.map((name) => [
      name,
      medianOf(
        records.map((record) => record[name] ?? 0),
        round,
      ) ?? 0,
    ]),
  );
}

function cellOf(runs: readonly Run[], first: Run): Cell {
  const measured = runs.map(({ outcome }) => outcome).filter((outcome) => outcome.ok);
  const failed = runs.map(({ outcome }) => outcome).filter((outcome) => !outcome.ok);
  const { memoryMiB, dirtyMBps, linkMbps, rttMs, contestant } = first;
  const spread = (key: keyof Measured) => rounded(summarise(valuesOf(measured, key)));
  const middle = (key: keyof Measured) => medianOf(valuesOf(measured, key), Math.round);
  const chosen = [...new Set(measured.flatMap(({ technique }) => technique ?? []))];
  const cpuOfEach = measured.flatMap(({ agentCpuMs, sentBytes }) =>
    agentCpuMs === undefined || sentBytes === 0 ? [] : [agentCpuMs / (sentBytes / 2 ** 30)],
  );
  return {
    ...{ memoryMiB, dirtyMBps, linkMbps, rttMs, contestant },
    technique: chosen.length === 0 ? first.technique : chosen.join('/'),
    techniqueReason: measured.findLast(({ techniqueReason }) => techniqueReason !== undefined)?.techniqueReason ?? null,
    clientGapMs: spread('clientGapMs'),
    frozenMs: spread('frozenMs'),
    totalMs: medianOf(valuesOf(measured, 'totalMs'), tenth),
    sentBytes: middle('sentBytes'),
    runs: measured.length,
    phasesMs: medians(
      measured.map(({ phasesMs }) => phasesMs),
      tenth,
    ),
    phasesBytes: medians(
      measured.map(({ phasesBytes }) => phasesBytes),
      Math.round,
    ),
    rounds: medianOf(valuesOf(measured, 'rounds'), tenth),
    savedBytes: middle('savedBytes'),
    schedulingGapMs: spread('schedulingGapMs'),
    preparedBytes: middle('preparedBytes'),
    changedBytes: middle('changedBytes'),
    agentMemoryBytes: summarise(valuesOf(measured, 'agentMemoryBytes'))?.max ?? null,
    helpersMemoryBytes: summarise(valuesOf(measured, 'helpersMemoryBytes'))?.max ?? null,
    agentCpuMs: middle('agentCpuMs'),
    agentCpuMsPerGiB: medianOf(cpuOfEach, Math.round),
    failures: failed.map(({ reason }) => reason),
    refused: measured.length === 0 && failed.length > 0 && failed.every(({ refused }) => refused),
  };
}

/** Runs by conditions and contestant, in the order of the first run of each, conditions together. */
export function cellsOf(runs: readonly Run[]): Cell[] {
  const byConditions = Object.values(Object.groupBy(runs, conditionsKey));
  return byConditions.flatMap((group = []) =>
    Object.values(Object.groupBy(group, ({ contestant }) => contestant)).flatMap((same = []) =>
      same[0] === undefined ? [] : [cellOf(same, same[0])],
    ),
  );
}
