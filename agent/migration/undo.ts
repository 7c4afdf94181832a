import { rm } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { TagalongError } from '../../broker/contract/errors.ts';
import { openNetwork } from '../containers/network.ts';
import { writeCriuConfiguration } from '../containers/runc.ts';
import type { Move } from './move.ts';
import { abortedSchema } from './routes.ts';
import type { Settled } from './rules.ts';
import { untilAborted } from './untilAborted.ts';

/**
 * Before the commit: the container runs on at once from what is still in memory, then the destination is told.
 * It cannot have started there, since nobody told it to commit.
 */
export async function resumeHere(move: Move): Promise<void> {
  // CRIU may hold on to the processes still
  await move.checkpoint?.cancel().catch((error: unknown) => move.log.debug({ err: error }, 'while CRIU was ended'));
  try {
    if (move.frozenAtMs !== undefined) {
      await move.freezer.thaw();
      await openNetwork(move.spec, move.place, move.configuration.bridge);
    }
  } finally {
    await undoTheRest(move); // all the more where the container cannot be reached here
  }
}

async function undoTheRest(move: Move): Promise<void> {
  move.supplies.delete(move.id);
  for (const process of move.processes ?? []) process.close();
  const { memory, frozenMemory, supply } = move;
  // the destination may or may not have taken in what was sent, also what it asked for before the commit
  if (frozenMemory !== undefined)
    memory?.base.undo([...frozenMemory.changedPages.runs(), ...(supply?.changedRuns() ?? [])]);
  await move.waitingIp?.end();
  await move.archive?.stop();
  await writeCriuConfiguration(move.place, []).catch((error: unknown) =>
    move.log.warn({ err: error, migration: move.id }, 'the configuration of CRIU is still that of the move'),
  );
  await rm(move.directory, { recursive: true, force: true });
  await abortThere(move).catch((error: unknown) =>
    move.log.warn({ err: error, migration: move.id }, 'the destination could not be told'),
  );
  // the destination may have announced the address as its own after it was announced here
  if (move.frozenAtMs !== undefined) await openNetwork(move.spec, move.place, move.configuration.bridge);
}

/** Asks the destination how it ended; the question is itself an abort. @throws TagalongError where it does not answer */
export async function abortThere(move: Pick<Move, 'peers' | 'to' | 'id'>): Promise<Settled> {
  const { outcome } = await move.peers.ask(move.to, 'POST', `/v1/migrations/${move.id}/abort`, {}, abortedSchema, {
    timeoutMs: 5000,
  });
  return outcome;
}

/**
 * After the word to commit was given and no answer came: the destination is asked until it says how it ended, or until somebody
 * decides. Its answer is final, since it writes it down before it gives it. Until then the container stays frozen here.
 *
 * @param onDoubt - called once, when the first question is not answered
 * @throws the signal's reason when this agent stops first
 */
export async function settle(
  move: Pick<Move, 'peers' | 'to' | 'id' | 'spec' | 'doubts' | 'configuration'>,
  onDoubt: (error: TagalongError) => void,
  signal: AbortSignal,
): Promise<Settled> {
  const { name } = move.spec;
  const over = new AbortController();
  const doubt = move.doubts.open(name);
  const decided = doubt.decided.then((keep): Settled => (keep === 'here' ? 'aborted' : 'committed'));
  try {
    return await untilAborted(Promise.race([askOn(), decided]), signal);
  } finally {
    over.abort();
    doubt.close();
  }

  async function askOn(): Promise<Settled> {
    for (let attempt = 0; ; attempt += 1) {
      over.signal.throwIfAborted();
      try {
        return await abortThere(move);
      } catch (error) {
        over.signal.throwIfAborted();
        if (attempt === 0)
          onDoubt(
            new TagalongError(
              'in-doubt',
              { migration: move.id, container: name, node: move.to, source: move.configuration.node },
              error,
            ),
          );
        await wait(Math.min(5000, 200 * 2 ** Math.min(attempt, 5)), undefined, { signal: over.signal });
      }
    }
  }
}
