import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import { type LongRunning, start } from '../../host/command.ts';
import type { Logger } from '../../host/log.ts';
import { startTimeOf } from '../../host/processes.ts';
import type { Peers } from '../channel/peers.ts';
import { unpackRuns } from '../memory/pageRecords.ts';
import { makePageSet } from '../memory/pageSet.ts';
import { openPageStore, type PageStore } from '../memory/pageStore.ts';
import { startDelivery } from './delivery.ts';
import type { PagerOrder, PagerPreparation, PagerRest, PagerWord } from './order.ts';
import { type Supply, startSupply } from './supply.ts';

const releasedSchema = z.object({ done: z.literal(true) });

/** CRIU's lazy-pages daemon: it handles the page faults (userfaultfd(2)) and asks its socket for pages. */
export interface Daemon {
  readonly socket: Duplex;
  readonly ended: LongRunning['ended'];
  stop(): Promise<void>;
}

/**
 * The page store of an order: the one that was read beforehand, where it is still that one.
 *
 * @throws TagalongError `bad-image` where it is damaged
 */
export function currentStore(early: PageStore | undefined, directory: string, pageBytes: number): PageStore {
  if (early?.directory === directory && early.refresh()) return early;
  early?.close();
  return openPageStore(directory, pageBytes);
}

/** Starts the daemon. Resolves when CRIU's restore can connect to it. @throws TagalongError `command-failed` */
export async function startDaemon({ imageDirectory, workDirectory }: PagerPreparation): Promise<Daemon> {
  const path = join(workDirectory, 'lazy-pages.socket');
  rmSync(path, { force: true });
  const parameters = [
    'lazy-pages',
    // of its address nothing is used: it takes the socket that it is given
    ...['--page-server', '--address', '127.0.0.1', '--port', '1', '--ps-socket', '3'],
    ...['--images-dir', imageDirectory, '--work-dir', workDirectory, '--log-file', 'lazy-pages.log'],
  ];
  const child = start('criu', parameters, { socketFd: 3 });
  const { socket, ended, stop } = child;
  if (socket === undefined) throw new TagalongError('bug', { problem: 'the daemon has no socket' });
  let isOver = false;
  void ended.finally(() => {
    isOver = true;
  });
  while (!existsSync(path)) {
    if (isOver)
      throw new TagalongError('command-failed', { command: 'criu lazy-pages', problem: (await ended).stderr });
    await wait(1);
  }
  return { socket, ended, stop };
}

/**
 * Brings the memory of a restored container in while it runs already: gives CRIU's daemon the pages that it asks for, and
 * fetches from the source what is not here.
 *
 * It is a process of its own, apart from the agent: if it ended early, the kernel would give the container pages of zeros.
 *
 * @param own - what this node has of the memory, and the connection to the source; both are closed at the end
 * @param rest - what the agent has taken in meanwhile, where its order says that it does
 * @param say - tells the agent, if it still listens
 * @throws TagalongError where the daemon failed
 */
export async function runPager(
  daemon: Daemon,
  own: { store: PageStore; peers: Peers },
  order: PagerOrder,
  rest: Promise<PagerRest> | undefined,
  say: (word: PagerWord) => void,
  log: Logger,
): Promise<void> {
  const { source } = order;
  const { store, peers } = own;
  const verified = makePageSet();
  for (const run of unpackRuns(order.verified)) verified.add(run);
  const ending = new AbortController();
  let receivedPages = 0;
  let supply: Supply | undefined;
  const delivery = startDelivery({
    socket: daemon.socket,
    store,
    isThere: (pid, page) => verified.has(pid, page) && store.has(pid, page),
    want: (run) => supply?.want(run),
    onProblem: (problem) => log.error({ container: order.container }, problem),
  });
  say({ said: 'ordered' });
  const restTaken = rest?.then(({ verified: runs }) => {
    store.refresh();
    for (const run of unpackRuns(runs)) verified.add(run);
    delivery.retry();
    say({ said: 'rest taken' });
  });
  restTaken?.catch(() => undefined); // awaited below
  if (source !== undefined) {
    supply = startSupply({
      peers,
      source: source.node,
      migration: order.migration,
      store,
      verified,
      onPages(count) {
        receivedPages += count;
        delivery.retry();
      },
      onState: (problem) => say(problem === undefined ? { said: 'connected' } : { said: 'waiting', problem }),
      signal: ending.signal,
    });
    supply.complete.catch(() => undefined);
  }
  // an agent that ends before it has said so, and heard that it was heard, has not committed
  await Promise.race([restTaken, daemon.ended]);
  const { exitCode, stderr } = await daemon.ended;
  if (exitCode !== 0) {
    ending.abort();
    throw new TagalongError('command-failed', {
      command: 'criu lazy-pages',
      problem: stderr || `it ended with ${exitCode}`,
    });
  }
  await supply?.complete;
  if (source !== undefined) await release(order, peers);
  store.close();
  peers.close();
  say({ said: 'complete', receivedPages });
}

/** The source may end its frozen processes now. It is told until it has heard it. */
async function release(order: PagerOrder, peers: Peers): Promise<void> {
  const { source, migration } = order;
  for (let attempt = 0; source !== undefined; attempt += 1) {
    try {
      await peers.ask(source.node, 'POST', `/v1/migrations/${migration}/release`, {}, releasedSchema);
      return;
    } catch (error) {
      if (error instanceof TagalongError && error.code === 'unknown-migration') return; // it has heard it before
      await wait(Math.min(2000, 100 * 2 ** Math.min(attempt, 5)));
    }
  }
}

/** Which process a pager is, for an agent that did not start it. */
export async function writeProcess(directory: string): Promise<void> {
  const startTime = await startTimeOf(process.pid);
  writeFileSync(join(directory, 'process'), JSON.stringify({ pid: process.pid, startTime }), { mode: 0o600 });
}

/** The last word of a pager, for an agent that was not there to hear it. */
export function writeEnd(directory: string, word: PagerWord): void {
  writeFileSync(join(directory, 'end'), JSON.stringify(word), { mode: 0o600 });
}
