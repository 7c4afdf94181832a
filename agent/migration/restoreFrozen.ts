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
import { makeParts } from './parts.ts';
import { receiveFrozen } from './receiveFrozen.ts';
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
  const { bases, pageBytes } = options;
  const { restore, pager, reserve } = ready;
  const parts = makeParts();
  const { complete, verified, rest } = await receiveFrozen(arrival, ready, bases, input);
  parts.end('receive');
  void reserve.release().catch(() => undefined); // its directory goes in any case
  if (arrival.base === undefined) throw new TagalongError('bug', { problem: 'the stream named no base' });
  if (rest !== undefined && pager === undefined) throw new TagalongError('bug', { problem: 'nobody takes the rest' });
  const { store } = arrival.base;
  const isHere = (pid: number, page: number) => (complete || verified.has(pid, page)) && store.has(pid, page);
  const { pages, lazyPages, writePages } = assembleImages(restore.imageDirectory, store, (canWait) =>
    pager === undefined ? canWait : eagerPages(canWait, isHere, arrival.likely ?? [], costs.eagerBytes / pageBytes),
  );
  const pids = readPstree(readFileSync(join(restore.imageDirectory, 'pstree.img'))).map(({ pid }) => pid);
  arrival.pages = pages;
  checkImageSet(restore.imageDirectory, { pageBytes });
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
  const restoring = Promise.all([order, restore.restore(writePages), takeRest()]);
  restoring.catch(() => undefined); // awaited below
  if (complete) checkPresent(lazyPages, store); // meanwhile
  await restoring;
  parts.end('restore');
  return parts.all();

  async function takeRest(): Promise<void> {
    if (rest === undefined) return;
    await rest();
    checkPresent(lazyPages, store);
    await order;
    pager?.takeRest({ verified: packRuns(lazyPages) });
  }
}

/** The daemon counts the processes that connect to it, whatever their order. */
function isSame(one: readonly number[], other: readonly number[]): boolean {
  const those = new Set(other);
  return one.length === other.length && one.every((pid) => those.has(pid));
}
