import type { Move } from './move.ts';
import { doneSchema } from './routes.ts';

/** To wait longer would cost more than the packets that are lost. */
const holdTimeoutMs = 100;

/** Asks the destination to take what is sent to the container, and to keep it; false where it does not. */
export async function holdThere(move: Move): Promise<boolean> {
  try {
    const path = `/v1/migrations/${move.id}/hold`;
    await move.peers.ask(move.to, 'POST', path, {}, doneSchema, { timeoutMs: holdTimeoutMs });
    return true;
  } catch (error) {
    move.log.debug({ err: error, migration: move.id }, 'packets are not kept meanwhile');
    return false;
  }
}
