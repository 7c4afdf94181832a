import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { TagalongError } from '../../broker/contract/errors.ts';
import { checkImageSet } from '../images/checkSet.ts';
import { readPstree } from '../images/pstree.ts';
import { packRuns } from '../memory/pageRecords.ts';
import type { Arrival, Ready } from './arrival.ts';
import { assembleImages, checkPresent } from './assemble.ts';
import { eagerPages } from './eagerPages.ts';
import { costs } from './estimate.ts';
import type { IncomingOptions } from './incomingOptions.ts';
import { makeParts, type Parts } from './parts.ts';
import { type Received, receiveFrozen } from './receiveFrozen.ts';
import { sourceOf } from './startAhead.ts';

/**
 * Receives the frozen container and restores it as far as the barrier; memory that is not needed for that is taken in meanwhile.
 *
 * @returns what each part of it took, in ms
 * @throws TagalongError where the stream, the images or the restore fail
 */
export async function restoreFrozen(
  arrival: Arrival,
  ready: Ready,
  options: Pick<IncomingOptions, 'bases' | 'pageBytes' | 'endpointOf'>,
  input: Readable,
): Promise<Record<string, number>> {
  const { bases } = options;
  const parts = makeParts();
  const received = await receiveFrozen(arrival, ready, bases, input);
  parts.end('receive');
  try {
    await restore(arrival, ready, options, received, parts);
  } finally {
    // after an error nothing more of it may get into the store, which both nodes go back to
    received.end();
  }
  return parts.all();
}

async function restore(
  arrival: Arrival,
  { restore: waiting, pager, reserve }: Ready,
  options: Pick<IncomingOptions, 'pageBytes' | 'endpointOf'>,
  { complete, verified, rest }: Received,
  parts: Parts,
): Promise<void> {
  const { pageBytes } = options;
  const { imageDirectory } = waiting;
  void reserve.release().catch(() => undefined); // its directory goes in any case
  if (arrival.base === undefined) throw new TagalongError('bug', { problem: 'the stream named no base' });
  if (rest !== undefined && pager === undefined) throw new TagalongError('bug', { problem: 'nobody takes the rest' });
  const { store } = arrival.base;
  const isHere = (pid: number, page: number) => (complete || verified.has(pid, page)) && store.has(pid, page);
  const { pages, lazyPages, writePages } = assembleImages(imageDirectory, store, (canWait) =>
    pager === undefined ? canWait : eagerPages(canWait, isHere, arrival.likely ?? [], costs.eagerBytes / pageBytes),
  );
  const pids = readPstree(readFileSync(join(imageDirectory, 'pstree.img'))).map(({ pid }) => pid);
  arrival.pages = pages;
  checkImageSet(imageDirectory, { pageBytes });
  parts.end('assemble');
  const startOver = !isSame(arrival.expectedPids ?? [], pids);
  const order = pager?.begin({
    migration: arrival.migration,
    container: arrival.spec.name,
    storeDirectory: store.directory,
    startOver,
    verified: packRuns(complete ? lazyPages : verified.runs()),
    restFollows: rest !== undefined,
    ...(complete || rest !== undefined ? {} : sourceOf(arrival, options)),
  });
  if (startOver) await order; // the daemon has another socket then
  const restoring = Promise.all([order, waiting.restore(writePages), takeRest()]);
  restoring.catch(() => undefined); // awaited below
  if (complete) checkPresent(lazyPages, store); // meanwhile
  // a daemon that has ended would leave pages of zeros
  await (pager === undefined ? restoring : Promise.race([restoring, pager.failed]));
  parts.end('restore');

  async function takeRest(): Promise<void> {
    if (rest === undefined) return;
    await rest();
    checkPresent(lazyPages, store);
    await order;
    await pager?.takeRest({ verified: packRuns(lazyPages) });
  }
}

/** The daemon counts the processes that connect to it, whatever their order. */
function isSame(one: readonly number[], other: readonly number[]): boolean {
  const those = new Set(other);
  return one.length === other.length && one.every((pid) => those.has(pid));
}
