import type { MessageOf } from '../../broker/contract/topics.ts';
import type { ClientReport } from './client.ts';
import type { Move } from './scenario.ts';

type Migration = MessageOf<'nodeMigrationEvent'>;

/** One migration as the demo reports it to programs. Null is what there was nothing to measure of. */
export interface DemoMigration {
  id: string;
  container: string;
  from: string;
  to: string;
  technique: string;
  trigger: string;
  /** From the association to the commit; null for a move by hand. */
  followMs: number | null;
  /** The longest silence that the client saw, in all the time since the migration before. */
  clientGapMs: number;
  downtimeMs: number | null;
  totalMs: number | null;
  sentBytes: number;
  connectionSurvived: boolean;
  lostMessages: number;
  duplicatedMessages: number;
  memoryIntact: boolean;
  filesIntact: boolean;
}

/** What the demo's last line of output holds with `--json`. */
export interface DemoResult {
  ok: boolean;
  migrations: DemoMigration[];
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 10) / 10;
}

function followMsOf(migration: Migration): number | undefined {
  if (migration.followMs !== undefined) return migration.followMs;
  const { associatedAt, committedAt } = migration;
  if (associatedAt === undefined || committedAt === undefined) return undefined;
  return Date.parse(committedAt) - Date.parse(associatedAt);
}

/** Joins what the nodes say of a migration with what the client saw of it. */
export function demoMigration(migration: Migration, seen: ClientReport): DemoMigration {
  const { id, container, from, to, technique, trigger, sentBytes } = migration;
  return {
    ...{ id, container, from, to, technique, trigger },
    followMs: rounded(followMsOf(migration)),
    clientGapMs: Math.round(seen.longestSilenceMs * 10) / 10,
    downtimeMs: rounded(migration.downtimeMs),
    totalMs: rounded(migration.totalMs),
    sentBytes,
    connectionSurvived: seen.connectionSurvived,
    lostMessages: seen.lost,
    duplicatedMessages: seen.duplicated,
    memoryIntact: seen.memoryIntact,
    filesIntact: seen.filesIntact,
  };
}

/** Everything that is not as it should be, as sentences; none when the migration went right. */
export function faultsOf(move: Move, migration: Migration, measured: DemoMigration): string[] {
  const wantedTrigger = move.cause === 'roam' ? 'follow-user' : 'manual';
  const faults: [boolean, string][] = [
    [
      migration.phase !== 'completed',
      `it ended as ${migration.phase}: ${migration.error?.message ?? 'no reason given'}`,
    ],
    [measured.from !== move.from || measured.to !== move.to, `it should have gone from ${move.from} to ${move.to}`],
    [measured.trigger !== wantedTrigger, `its trigger should have been ${wantedTrigger}`],
    [move.cause === 'roam' && measured.followMs === null, 'the time since the association is not known'],
    [measured.downtimeMs === null || measured.totalMs === null, 'its times are not known'],
    [!measured.connectionSurvived, 'the connection was lost'],
    [measured.lostMessages !== 0, `${measured.lostMessages} messages were lost`],
    [measured.duplicatedMessages !== 0, `${measured.duplicatedMessages} messages came twice`],
    [!measured.memoryIntact, 'the memory is not what it was'],
    [!measured.filesIntact, 'the files are not what the client expects'],
  ];
  return faults.filter(([wrong]) => wrong).map(([, sentence]) => sentence);
}
