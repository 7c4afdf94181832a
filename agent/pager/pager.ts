import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import { start } from '../../host/command.ts';
import type { Logger } from '../../host/log.ts';
import { makePeers } from '../channel/peers.ts';
import { makePageSet } from '../memory/pageSet.ts';
import { openPageStore, type PageRun } from '../memory/pageStore.ts';
import { startDelivery } from './delivery.ts';
import type { PagerOrder, PagerWord } from './order.ts';
import { type Supply, startSupply } from './supply.ts';

const releasedSchema = z.object({ done: z.literal(true) });

const asRuns = (runs: readonly [number, number, number][]): PageRun[] =>
  runs.map(([pid, page, count]) => ({ pid, page, count }));

/**
 * Brings the memory of a restored container in while it runs already: CRIU's lazy-pages daemon handles the page faults
 * (userfaultfd(2)) and asks this process for pages; what is not here is fetched from the source.
 *
 * It is a process of its own, apart from the agent: if it ended early, the kernel would give the container pages of zeros.
 *
 * @param say - tells the agent, if it still listens
 * @throws TagalongError where the daemon failed
 */
export async function runPager(order: PagerOrder, say: (word: PagerWord) => void, log: Logger): Promise<void> {
  const { pageBytes, source } = order;
  const store = openPageStore(order.storeDirectory, pageBytes);
  const verified = makePageSet();
  for (const run of asRuns(order.verified)) verified.add(run);
  const daemon = start('criu', daemonParameters(order), { socketFd: 3 });
  const ending = new AbortController();
  if (daemon.socket === undefined) throw new TagalongError('bug', { problem: 'the daemon has no socket' });
  const peers = makePeers({ endpointOf: (node) => (node === source?.node ? source : undefined), log });
  let receivedPages = 0;
  let supply: Supply | undefined;
  const delivery = startDelivery({
    socket: daemon.socket,
    store,
    isThere: verified.has,
    want: (run) => supply?.want(run),
    onProblem: (problem) => log.error({ container: order.container }, problem),
  });
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
  let isOver = false;
  const over = daemon.ended.finally(() => {
    isOver = true;
  });
  while (!existsSync(join(order.workDirectory, 'lazy-pages.socket')) && !isOver) await wait(1);
  if (!isOver) say({ said: 'listening' });

  const { exitCode, stderr } = await over;
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
  const word: PagerWord = { said: 'complete', receivedPages };
  say(word);
}

function daemonParameters({ imageDirectory, workDirectory }: PagerOrder): string[] {
  return [
    'lazy-pages',
    // of its address nothing is used: it takes the socket that it is given
    ...['--page-server', '--address', '127.0.0.1', '--port', '1', '--ps-socket', '3'],
    ...['--images-dir', imageDirectory, '--work-dir', workDirectory, '--log-file', 'lazy-pages.log'],
  ];
}

/** The source may end its frozen processes now. It is told until it has heard it. */
async function release(order: PagerOrder, peers: ReturnType<typeof makePeers>): Promise<void> {
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

/** The last word of a pager, for an agent that was not there to hear it. */
export function writeEnd(directory: string, word: PagerWord): void {
  writeFileSync(join(directory, 'end'), JSON.stringify(word), { mode: 0o600 });
}
