import type { Log } from '../../broker/connection.ts';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { Peers } from '../channel/peers.ts';
import type { Incoming } from './incoming.ts';
import { knownSchema } from './routes.ts';

/** A container that is on its way to this node. */
export interface Waiting {
  migration: string;
  from: string;
  /** For how long nothing was heard of it. */
  idleMs: number;
}

/** A source is seldom silent for so long; one that knows of the move is only asked in vain. */
const patienceMs = 20_000;
const everyMs = 10_000;

/**
 * Gives up containers that are on their way here and whose source knows nothing of it any more: its agent was ended before it
 * noted the hand-over. Nobody can give the word to commit then. One that does not answer may know, and is asked again.
 *
 * @param isKnown - asks a source whether it has such a move
 */
export async function giveUpOrphans(
  incoming: Pick<Incoming, 'waiting' | 'abort'>,
  isKnown: (source: string, migration: string) => Promise<boolean>,
  log: Log,
): Promise<void> {
  const silent = incoming.waiting().filter(({ idleMs }) => idleMs >= patienceMs);
  await Promise.all(
    silent.map(async ({ migration, from }) => {
      try {
        if (await isKnown(from, migration)) return;
        const outcome = await incoming.abort(migration);
        log.warn({ migration, source: from, outcome }, 'its source knows of no such migration any more');
      } catch (error) {
        if (!(error instanceof TagalongError)) throw error;
        log.debug({ err: error, migration, source: from }, 'its source could not be asked');
      }
    }),
  );
}

/** Does so now and then. @returns what ends it */
export function watchOrphans(
  incoming: Pick<Incoming, 'waiting' | 'abort'>,
  peers: Pick<Peers, 'ask'>,
  log: Log,
): () => void {
  const isKnown = async (source: string, migration: string) =>
    (await peers.ask(source, 'GET', `/v1/migrations/${migration}`, {}, knownSchema, { timeoutMs: 5000 })).isKnown;
  const timer = setInterval(() => {
    giveUpOrphans(incoming, isKnown, log).catch((error: unknown) =>
      log.error({ err: error }, 'what is left of a migration could not be given up'),
    );
  }, everyMs);
  return () => clearInterval(timer);
}
