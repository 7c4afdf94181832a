import { type WaitingBatch, waitingBatch } from './batch.ts';

/**
 * Starts a `tc` that waits for commands.
 *
 * @param device - what it is asked about to learn that commands are done; it has one queueing discipline at most
 */
export function waitingTc(device: string): WaitingBatch {
  return waitingBatch('tc', [], `qdisc show dev ${device}`);
}
