import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../broker/connection.ts';
import { freezerOf } from '../../host/freezer.ts';
import type { Containers } from '../containers/containers.ts';
import type { Bases } from '../memory/bases.ts';
import type { PageRun } from '../memory/pageStore.ts';
import type { PagerWord } from '../pager/order.ts';
import { endLeftPager, waitForPager } from '../pager/startPager.ts';

type LastWord = Extract<PagerWord, { said: 'complete' | 'failed' }>;

/** Containers that run here while their memory is still being brought in. */
export interface Settling {
  directoryOf(migration: string): string;
  /** A pager waits for its source, or does no more. */
  onState(container: string, problem: string | undefined): void;
  /** Follows a pager to its end. */
  follow(container: string, migration: string, end: Promise<LastWord>, pages: readonly PageRun[]): Promise<void>;
  /** Whether a pager was started for it that may not be done. */
  hasPager(migration: string): boolean;
  /** Ends pagers that an earlier run of this agent started for containers that never ran here. Before new ones can come. */
  endLeft(): Promise<void>;
  /** Follows those that an earlier run of this agent started. */
  resume(): Promise<void>;
  /** Removes what exceeds the quota of kept memory. */
  trim(): void;
}

export function makeSettling(options: {
  runDirectory: string;
  containers: Containers;
  bases: Bases;
  log: Log;
  stopping: AbortSignal;
}): Settling {
  const { containers, bases, log } = options;
  const directoryOf = (migration: string) => join(options.runDirectory, 'pagers', migration);
  const trim = () => bases.trim(new Set(containers.list().map(({ spec }) => spec.name)));

  /** Without its pager the kernel would give it pages of zeros: better that it stands still. */
  async function holdStill(container: string, problem: string): Promise<void> {
    const pid = containers.get(container)?.pid;
    if (pid !== undefined) await (await freezerOf(pid)).freeze();
    await containers.update(container, { status: 'frozen', error: `its memory could not be brought in: ${problem}` });
  }

  async function close(container: string, migration: string, word: LastWord, pages: readonly PageRun[]): Promise<void> {
    if (containers.get(container)?.lazy?.migration !== migration) {
      await rm(directoryOf(migration), { recursive: true, force: true }); // it has left or ended meanwhile
      return;
    }
    if (word.said === 'failed') {
      log.error({ container, migration, problem: word.problem }, 'the memory of a container could not be brought in');
      bases.drop(container);
      await holdStill(container, word.problem);
      return;
    }
    bases.release(container);
    const identity = bases.identityOf(container);
    const base = identity === undefined ? undefined : bases.open(container, identity);
    if (pages.length > 0) base?.store.retain(pages);
    if (pages.length > 0) base?.advance();
    await containers.update(container, { lazy: undefined, error: undefined });
    await rm(directoryOf(migration), { recursive: true, force: true });
    trim();
  }

  return {
    directoryOf,
    hasPager: (migration) => existsSync(directoryOf(migration)),
    trim,
    onState(container, problem) {
      if (containers.get(container)?.lazy === undefined) return;
      const error = problem === undefined ? undefined : `it waits for memory at its source: ${problem}`;
      containers
        .update(container, { error })
        .catch((cause: unknown) => log.warn({ err: cause, container }, 'the state of its memory could not be noted'));
    },
    async follow(container, migration, end, pages) {
      await close(container, migration, await end, pages);
    },
    async endLeft() {
      const followed = new Set(containers.list().map(({ lazy }) => lazy?.migration));
      for (const migration of await readdir(join(options.runDirectory, 'pagers')).catch(() => []))
        if (!followed.has(migration)) await endLeftPager(directoryOf(migration));
    },
    async resume() {
      await Promise.all(
        containers.list().map(async ({ spec, lazy }) => {
          if (lazy === undefined) return;
          const word = await waitForPager(directoryOf(lazy.migration), options.stopping);
          await close(spec.name, lazy.migration, word, []);
        }),
      );
    },
  };
}
