import type { SiteConnection } from '../../broker/connection.ts';
import type { MessageOf } from '../../broker/contract/topics.ts';
import type { Moved } from './contestant.ts';

export type Migration = MessageOf<'nodeMigrationEvent'>;

/** The accounts of migrations as their nodes publish them. */
export interface Accounts {
  /** The account of a migration when it has ended, however; it may have ended before the question. */
  endOf(id: string): Promise<Migration>;
}

/** Listens to the ends of all migrations of a site from now on. */
export async function collectAccounts(connection: SiteConnection): Promise<Accounts> {
  const ends = new Map<string, PromiseWithResolvers<Migration>>();
  const endOf = (id: string) => {
    const known = ends.get(id) ?? Promise.withResolvers<Migration>();
    ends.set(id, known);
    return known;
  };
  await connection.subscribe('nodeMigrationEvent', {}, ({ message }) => {
    if (message === undefined || !['completed', 'failed', 'cancelled'].includes(message.phase)) return;
    endOf(message.id).resolve(message);
  });
  return { endOf: (id) => endOf(id).promise };
}

/** When memory was sent ahead: from the first phase that does so until the freeze. Undefined where there were no rounds. */
function aheadOf(migration: Migration): Moved['ahead'] {
  const startOf = (wanted: string) => migration.phases.find(({ phase }) => phase === wanted)?.startedAt;
  const from = startOf('copying');
  const to = startOf('freezing');
  if ((migration.rounds ?? []).length === 0 || from === undefined || to === undefined) return undefined;
  return { fromMs: Date.parse(from), toMs: Date.parse(to) };
}

/** When nothing was left to be sent: after the pages that followed behind, where some did, else at the commit. */
function arrivedAtMs(migration: Migration): number | undefined {
  const lazy = migration.phases.find(({ phase }) => phase === 'lazy');
  if (lazy !== undefined) return Date.parse(lazy.startedAt) + (lazy.durationMs ?? 0);
  return migration.committedAt === undefined ? undefined : Date.parse(migration.committedAt);
}

/**
 * What an account says of a move. After the commit both nodes are tidied, which peers leave to others: that does not count.
 *
 * @param orderedAtMs - milliseconds since the epoch; all nodes are on one machine, with one clock
 */
export function movedBy(migration: Migration, orderedAtMs: number): Moved {
  const { technique, techniqueReason, downtimeMs, downtimeParts, rounds, savedBytes } = migration;
  const timed = migration.phases.filter(({ durationMs }) => durationMs !== undefined);
  const arrived = arrivedAtMs(migration);
  const ahead = aheadOf(migration);
  return {
    phasesMs: Object.fromEntries(timed.map(({ phase, durationMs = 0 }) => [phase, durationMs])),
    phasesBytes: Object.fromEntries(timed.map(({ phase, sentBytes }) => [phase, sentBytes])),
    technique,
    techniqueReason,
    ...(arrived === undefined ? {} : { totalMs: arrived - orderedAtMs }),
    ...(downtimeMs === undefined ? {} : { frozenMs: downtimeMs }),
    ...(downtimeParts === undefined ? {} : { frozenPartsMs: downtimeParts }),
    ...(rounds === undefined ? {} : { rounds: rounds.length }),
    ...(ahead === undefined ? {} : { ahead }),
    ...(savedBytes === undefined ? {} : { savedBytes }),
  };
}
