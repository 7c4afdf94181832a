import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import { start } from '../../host/command.ts';
import { readJson } from '../../host/files.ts';
import { startTimeOf } from '../../host/processes.ts';
import { type PagerOrder, type PagerPreparation, type PagerRest, type PagerWord, pagerWordSchema } from './order.ts';

type LastWord = Extract<PagerWord, { said: 'complete' | 'failed' }>;

/** A pager that is started, with CRIU's daemon, and waits for its order. */
export interface WaitingPager {
  readonly directory: string;
  /** Gives it the order. Resolves when it is taken in. @throws TagalongError `command-failed` */
  begin(order: PagerOrder): Promise<void>;
  /** Tells it, after its order, that the rest of the memory is here. Resolves when it is taken in. @throws TagalongError `command-failed` */
  takeRest(rest: PagerRest): Promise<void>;
  /** Rejects when it ends. @throws TagalongError `command-failed` */
  readonly failed: Promise<never>;
  /** Its last word. It is heard also where this agent was not there when it was said. */
  readonly end: Promise<LastWord>;
  /** Ends it. Only while the container does not run. */
  cancel(): Promise<void>;
}

const mainFile = join(import.meta.dirname, 'main.ts');

/**
 * Starts a pager; it outlives this agent.
 *
 * @param directory - its own, on a tmpfs: its log and its last word
 * @param preparation - where there are at least seeds of images
 * @param onState - told when it waits for the source, and when it does no more
 */
export async function startPager(
  directory: string,
  preparation: PagerPreparation,
  onState: (problem: string | undefined) => void,
): Promise<WaitingPager> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // processes that are ended for want of memory must not be this one
  // ended by who looks for what belongs to the agent's service, it would leave the container without memory: it keeps nothing
  // of that service's environment
  const script =
    'echo -900 >/proc/self/oom_score_adj 2>/dev/null; directory=$1; shift; exec env -i PATH="$PATH" MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072 NODE_COMPILE_CACHE="$NODE_COMPILE_CACHE" "$@" "$directory" 2>>"$directory/log"';
  const command = [process.execPath, '--max-semi-space-size=1', mainFile];
  const child = start('sh', ['-c', script, 'sh', directory, ...command], { outlives: true });
  const listening = Promise.withResolvers<void>();
  const ordered = Promise.withResolvers<void>();
  const restTaken = Promise.withResolvers<void>();
  const end = Promise.withResolvers<LastWord>();
  for (const { promise } of [listening, ordered, end]) promise.catch(() => undefined);

  function hear(word: PagerWord): void {
    if (word.said === 'ready') child.write(`${JSON.stringify(preparation)}\n`);
    else if (word.said === 'listening') listening.resolve();
    else if (word.said === 'ordered') ordered.resolve();
    else if (word.said === 'rest taken') restTaken.resolve();
    else if (word.said === 'waiting') onState(word.problem);
    else if (word.said === 'connected') onState(undefined);
    else end.resolve(word);
  }

  void (async () => {
    for await (const line of child.lines()) hear(pagerWordSchema.parse(JSON.parse(line)));
    const { exitCode } = await child.ended;
    const problem = `the pager ended with ${exitCode}`;
    const error = new TagalongError('command-failed', { command: 'pager', problem });
    ordered.reject(error);
    listening.reject(error);
    end.resolve((await lastWordIn(directory)) ?? { said: 'failed', problem });
  })().catch((error: unknown) => {
    listening.reject(error);
    ordered.reject(error);
    end.resolve({ said: 'failed', problem: error instanceof Error ? error.message : String(error) });
  });
  try {
    await listening.promise;
  } catch (error) {
    await child.stop();
    await rm(directory, { recursive: true, force: true });
    throw error;
  }

  const failed = end.promise.then((word) => {
    const problem = word.said === 'failed' ? word.problem : 'it was done too early';
    throw new TagalongError('command-failed', { command: 'pager', problem });
  });
  failed.catch(() => undefined); // it matters to who waits for something

  return {
    directory,
    failed,
    async begin(order) {
      child.write(`${JSON.stringify(order)}\n`);
      await Promise.race([ordered.promise, failed]);
    },
    async takeRest(rest) {
      child.write(`${JSON.stringify(rest)}\n`);
      await Promise.race([restTaken.promise, failed]);
    },
    end: end.promise,
    async cancel() {
      await child.stop();
    },
  };
}

async function lastWordIn(directory: string): Promise<LastWord | undefined> {
  const word = await readJson(join(directory, 'end'), pagerWordSchema).catch(() => undefined);
  return word?.said === 'complete' || word?.said === 'failed' ? word : undefined;
}

/** The last word of a pager that an earlier run of this agent started. */
export async function waitForPager(directory: string, signal: AbortSignal): Promise<LastWord> {
  while (existsSync(directory)) {
    const word = await lastWordIn(directory);
    if (word !== undefined) return word;
    if ((await runningPagerIn(directory)) === undefined)
      return (await lastWordIn(directory)) ?? { said: 'failed', problem: 'it ended without a word' };
    await wait(100, undefined, { signal });
  }
  return { said: 'failed', problem: 'it left no word' };
}

const processSchema = z.object({ pid: z.int().positive(), startTime: z.string() });

/** The process of a pager that an earlier run of this agent started; undefined where it has ended. */
async function runningPagerIn(directory: string): Promise<number | undefined> {
  const noted = await readJson(join(directory, 'process'), processSchema).catch(() => undefined);
  return noted !== undefined && (await startTimeOf(noted.pid)) === noted.startTime ? noted.pid : undefined;
}

/** Ends a pager that an earlier run of this agent started, for a container that never ran here, and removes what it has. */
export async function endLeftPager(directory: string): Promise<void> {
  const pid = await runningPagerIn(directory);
  if (pid !== undefined) {
    process.kill(pid, 'SIGTERM'); // its daemon ends with it
    while ((await runningPagerIn(directory)) !== undefined) await wait(10);
  }
  await rm(directory, { recursive: true, force: true });
}
