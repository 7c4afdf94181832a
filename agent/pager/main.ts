/** The pager as a process: `main.ts DIRECTORY`, told a preparation and an order on standard input. */
import { createInterface } from 'node:readline';
import { makeLog } from '../../host/log.ts';
import { makePeers } from '../channel/peers.ts';
import { openPageStore, type PageStore } from '../memory/pageStore.ts';
import { type PagerRest, type PagerWord, pagerOrderSchema, pagerPreparationSchema, pagerRestSchema } from './order.ts';
import { currentStore, runPager, startDaemon, writeEnd, writeProcess } from './pager.ts';

const directory = process.argv[2] ?? '';
const log = makeLog('pager');

// the agent may be gone: nobody hears it then, and the work goes on
process.stdout.on('error', () => undefined);
const say = (word: PagerWord) => {
  process.stdout.write(`${JSON.stringify(word)}\n`);
};

async function work(lines: AsyncIterator<string>): Promise<PagerWord | undefined> {
  const first = await lines.next();
  if (first.done) return undefined; // the agent has given it up
  const preparation = pagerPreparationSchema.parse(JSON.parse(first.value));
  let daemon = await startDaemon(preparation);
  say({ said: 'listening' });
  const { pageBytes, storeDirectory } = preparation;
  let { source } = preparation;
  const peers = makePeers({
    endpointOf: (node) => (node === source?.node ? source : undefined),
    known: () => (source === undefined ? [] : [source.node]),
    log,
  });
  // not while the container stands still; one that is damaged is refused when it is needed
  const early =
    storeDirectory === undefined ? undefined : unlessDamaged(() => openPageStore(storeDirectory, pageBytes));
  const second = await lines.next();
  if (second.done) {
    await daemon.stop();
    return undefined;
  }
  const order = pagerOrderSchema.parse(JSON.parse(second.value));
  if (order.startOver) {
    await daemon.stop();
    daemon = await startDaemon(preparation);
  }
  source = order.source ?? source;
  const store = currentStore(early, order.storeDirectory, pageBytes);
  let last: PagerWord = { said: 'failed', problem: 'it came to no end' };
  const tell = (word: PagerWord) => {
    if (word.said === 'complete') last = word;
    else say(word);
  };
  const rest = order.restFollows ? readRest(lines) : undefined;
  rest?.catch(() => undefined); // awaited there
  await runPager(daemon, { store, peers }, order, rest, tell, log);
  return last;
}

/** @throws where the agent ends before it says it */
async function readRest(lines: AsyncIterator<string>): Promise<PagerRest> {
  const line = await lines.next();
  if (line.done) throw new Error('the agent ended before all memory was there');
  return pagerRestSchema.parse(JSON.parse(line.value));
}

function unlessDamaged(open: () => PageStore): PageStore | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}

// connections to peers keep no process alive, and an agent that has ended holds no pipe to this one
setInterval(() => undefined, 1 << 30);
await writeProcess(directory);
say({ said: 'ready' });
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const last = await work(lines).catch((error: unknown): PagerWord => {
  log.error({ err: error }, 'the memory of a container could not be brought in');
  return { said: 'failed', problem: error instanceof Error ? error.message : String(error) };
});
if (last !== undefined) {
  writeEnd(directory, last);
  say(last);
}
process.exit(0);
