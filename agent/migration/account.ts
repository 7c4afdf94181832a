import type { ErrorReport } from '../../broker/contract/errors.ts';
import type { RequestOf } from '../../broker/contract/requests.ts';
import type { DraftOf } from '../../broker/contract/topics.ts';
import type { Round } from '../memory/stopRule.ts';
import type { Estimate } from './estimate.ts';
import { type Phase, phaseTable } from './phases.ts';
import type { Technique } from './plan.ts';

export interface MigrationOrder {
  id: string;
  container: string;
  generation: number;
  from: string;
  to: string;
  technique: Technique;
  techniqueReason: string;
  estimate: Estimate;
  request: RequestOf<'migrate'>;
}

/** The running account of one migration: phases, times and bytes. */
export interface Account {
  readonly order: MigrationOrder;
  readonly phase: Phase;
  enter(phase: Phase): void;
  sent(bytes: number): void;
  expect(totalBytes: number): void;
  /** One more round was sent ahead. */
  round(round: Round): void;
  /** So much was there already and need not be sent. */
  saved(bytes: number): void;
  /** What a part of the pause took. */
  part(name: string, durationMs: number): void;
  committed(downtimeMs: number): void;
  fail(error: ErrorReport): void;
  document(): DraftOf<'nodeMigration'>;
}

interface Entry {
  phase: Phase;
  startedAt: string;
  startedMs: number;
  durationMs?: number;
  sentBytes: number;
}

const tenth = (ms: number) => Math.round(ms * 10) / 10;

/** @param clock - wall time for the documents, monotonic time for the durations, both in ms */
export function openAccount(order: MigrationOrder, clock: { wall: () => Date; monotonic: () => number }): Account {
  const startedMs = clock.monotonic();
  const startedAt = clock.wall().toISOString();
  const entries: Entry[] = [{ phase: 'accepted', startedAt, startedMs, sentBytes: 0 }];
  let totalBytes: number | undefined;
  let savedBytes = 0;
  let downtimeMs: number | undefined;
  let committedAt: Date | undefined;
  const rounds: Round[] = [];
  const parts: Record<string, number> = {};
  let error: ErrorReport | undefined;
  let totalMs: number | undefined;
  const present = () => entries.at(-1) as Entry;

  return {
    order,
    get phase() {
      return present().phase;
    },
    enter(phase) {
      if (present().phase === phase) return;
      const now = clock.monotonic();
      const last = present();
      last.durationMs = tenth(now - last.startedMs);
      if (phaseTable[phase].end) totalMs = tenth(now - startedMs);
      entries.push({ phase, startedAt: clock.wall().toISOString(), startedMs: now, sentBytes: 0 });
    },
    sent(bytes) {
      present().sentBytes += bytes;
    },
    expect(bytes) {
      totalBytes = bytes;
    },
    saved(bytes) {
      savedBytes += Math.max(0, bytes);
    },
    round: (round) => {
      rounds.push(round);
    },
    part(name, ms) {
      parts[name] = tenth(ms);
    },
    committed(ms) {
      downtimeMs = tenth(ms);
      committedAt = clock.wall();
    },
    fail(report) {
      error = report;
    },
    document() {
      const { request, ...rest } = order;
      const sentBytes = entries.reduce((sum, entry) => sum + entry.sentBytes, 0);
      return {
        ...rest,
        trigger: request.trigger ?? 'manual',
        reasons: request.reasons ?? [],
        ...(request.client === undefined ? {} : { client: request.client }),
        ...(request.associatedAt === undefined ? {} : { associatedAt: request.associatedAt }),
        phase: present().phase,
        at: clock.wall().toISOString(),
        startedAt,
        phases: entries.map(({ startedMs: _, ...entry }) => entry),
        progress: { sentBytes, ...(totalBytes === undefined ? {} : { totalBytes }) },
        sentBytes,
        ...(savedBytes === 0 ? {} : { savedBytes }),
        ...(rounds.length === 0 ? {} : { rounds: rounds.map(roundDocument) }),
        ...(downtimeMs === undefined ? {} : { downtimeMs, downtimeParts: parts }),
        ...(totalMs === undefined ? {} : { totalMs }),
        ...(committedAt === undefined ? {} : { committedAt: committedAt.toISOString() }),
        ...followed(committedAt, request.associatedAt),
        ...(error === undefined ? {} : { error }),
      };
    },
  };
}

function roundDocument({ durationMs, changedBytes, sentBytes }: Round) {
  return { durationMs: tenth(durationMs), changedBytes, sentBytes };
}

/** From the association to the commit, where both are known. */
function followed(committedAt: Date | undefined, associatedAt: string | undefined): { followMs?: number } {
  if (committedAt === undefined || associatedAt === undefined) return {};
  return { followMs: committedAt.getTime() - Date.parse(associatedAt) };
}
