import type { MessageOf } from '../../broker/contract/topics.ts';
import type { ObservationOf } from './observation.ts';
import { isReachable, type MigrationPicture, type SitePicture, withEntry } from './sitePicture.ts';

/** Ended migrations and answers are remembered this long. */
const rememberMs = 10 * 60 * 1000;

export function foldMigration(
  picture: SitePicture,
  observation: ObservationOf<'node-migration'> | ObservationOf<'migration-event'>,
): SitePicture {
  const { id, node, document, atMs } = observation;
  const known = picture.migrations.get(id);
  const next = document ? told(known, node, document, atMs) : cleared(known, atMs);
  const kept = [...picture.migrations].filter(
    ([, { endedAtMs }]) => endedAtMs === undefined || endedAtMs > atMs - rememberMs,
  );
  return { ...picture, migrations: withEntry(new Map(kept), id, next) };
}

export function foldResponse(picture: SitePicture, observation: ObservationOf<'response'>): SitePicture {
  const { document: response, atMs } = observation;
  if (response.verb !== 'migrate') return picture;
  const kept = [...picture.answers].filter(([, answer]) => answer.atMs > atMs - rememberMs);
  return { ...picture, answers: withEntry(new Map(kept), response.id, { response, atMs }) };
}

/** The migration of a container that is under way, if there is one. */
export function migrationUnderWay(picture: SitePicture, container: string): MigrationPicture | undefined {
  for (const migration of picture.migrations.values()) {
    if (migration.document.container !== container || migration.endedAtMs !== undefined) continue;
    const owner = picture.containers.get(container)?.document.node;
    // it arrived, and its source can no longer say so
    if (owner === migration.document.to && !isReachable(picture.nodes.get(migration.source))) continue;
    return migration;
  }
  return undefined;
}

function told(
  known: MigrationPicture | undefined,
  source: string,
  document: MessageOf<'nodeMigration'>,
  atMs: number,
): MigrationPicture {
  if (known?.outcome !== undefined && known.outcome !== 'unknown') return known;
  const { phase } = document;
  if (phase === 'completed' || phase === 'failed' || phase === 'cancelled')
    return { document, source, endedAtMs: atMs, outcome: phase };
  return { document, source };
}

function cleared(known: MigrationPicture | undefined, atMs: number): MigrationPicture | undefined {
  if (known === undefined || known.endedAtMs !== undefined) return known;
  return { ...known, endedAtMs: atMs, outcome: 'unknown' };
}
