/** The pager as a process: `main.ts DIRECTORY`, with its order on standard input. */
import { createInterface } from 'node:readline';
import { makeLog } from '../../host/log.ts';
import { type PagerWord, pagerOrderSchema } from './order.ts';
import { runPager, writeEnd } from './pager.ts';

const directory = process.argv[2] ?? '';
const log = makeLog('pager');

// the agent may be gone: nobody hears it then, and the work goes on
process.stdout.on('error', () => undefined);
const say = (word: PagerWord) => {
  process.stdout.write(`${JSON.stringify(word)}\n`);
};

say({ said: 'ready' });
for await (const line of createInterface({ input: process.stdin })) {
  const order = pagerOrderSchema.parse(JSON.parse(line));
  let word: PagerWord = { said: 'failed', problem: 'it came to no end' };
  try {
    await runPager(
      order,
      (said) => {
        if (said.said === 'complete') word = said;
        else say(said);
      },
      log,
    );
  } catch (error) {
    log.error({ err: error, container: order.container }, 'the memory of the container could not be brought in');
    word = { said: 'failed', problem: error instanceof Error ? error.message : String(error) };
  }
  writeEnd(directory, word);
  say(word);
  break;
}
process.exit(0);
