import type { SiteConnection } from '../../broker/connection.ts';
import type { MessageOf } from '../../broker/contract/topics.ts';

type Migration = MessageOf<'nodeMigrationEvent'>;
type Container = MessageOf<'nodeContainer'>;

/** What the demo hears of its container. */
export interface Observation {
  /** The whole account of the next migration that ends, whatever its end. To be asked for before it begins. */
  nextEnd(): Promise<Migration>;
  /** The container as soon as it runs and has an address. */
  running(): Promise<Container & { address: string }>;
  /** The last that a policy said of it, for when nothing happens. */
  lastDecision(): string | undefined;
}

const ends: readonly Migration['phase'][] = ['completed', 'failed', 'cancelled'];

/** Listens to the site from now on. */
export async function observe(
  connection: SiteConnection,
  container: string,
  onProgress: (migration: Migration) => void,
): Promise<Observation> {
  const waitingForEnd = new Set<(migration: Migration) => void>();
  const run = Promise.withResolvers<Container & { address: string }>();
  const ended = new Set<string>();
  let decision: string | undefined;
  await connection.subscribe('nodeMigrationEvent', {}, ({ message }) => {
    if (message === undefined || message.container !== container || ended.has(message.id)) return;
    onProgress(message);
    if (!ends.includes(message.phase)) return;
    ended.add(message.id); // quality of service 1 may bring it twice
    for (const resolve of waitingForEnd) resolve(message);
    waitingForEnd.clear();
  });
  await connection.subscribe('nodeContainer', {}, ({ message }) => {
    if (message?.name !== container || message.status !== 'running' || message.address === undefined) return;
    run.resolve({ ...message, address: message.address });
  });
  await connection.subscribe('decision', {}, ({ message }) => {
    if (message?.container === container) decision = `${message.verdict}: ${message.explanation}`;
  });
  return {
    nextEnd: () => new Promise((resolve) => waitingForEnd.add(resolve)),
    running: () => run.promise,
    lastDecision: () => decision,
  };
}
