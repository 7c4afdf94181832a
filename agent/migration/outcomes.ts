import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson, writeDurably } from '../../host/files.ts';

/** How a migration ended for its destination. Once written it is final, as long as this machine is up. */
export const outcomeSchema = z.object({
  migration: z.string(),
  container: z.string(),
  outcome: z.enum(['committed', 'aborted']),
});
export type Outcome = z.output<typeof outcomeSchema>;

/**
 * What this node, as a destination, has promised, so that a source in doubt is told the same again and again.
 *
 * It is kept on a tmpfs on purpose: it outlives the agent, costs no wait for a disk while a container is frozen, and ends
 * with the machine, as the container does. After a power cut here the source in doubt is told `aborted` and runs on.
 */
export interface Outcomes {
  /** Where an outcome is written, for a script that outlives this agent. */
  fileOf(migration: string): string;
  get(migration: string): Promise<Outcome | undefined>;
  /** Writes an outcome, unless there is one already; returns the one that holds. */
  settle(outcome: Outcome): Promise<Outcome>;
}

const keptMs = 7 * 24 * 3600 * 1000;

/** @param directory - on a tmpfs; entries older than a week are removed */
export async function openOutcomes(directory: string): Promise<Outcomes> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (Date.now() - (await stat(path)).mtimeMs > keptMs) await rm(path, { force: true });
  }
  const place = (migration: string) => join(directory, `${migration}.json`);
  const get = (migration: string) => readJson(place(migration), outcomeSchema);
  /** A commit and an abort may come at once, over two connections: the first one holds. */
  const settling = new Map<string, Promise<Outcome>>();
  async function decide(outcome: Outcome): Promise<Outcome> {
    const before = await get(outcome.migration);
    if (before !== undefined) return before;
    await writeDurably(place(outcome.migration), JSON.stringify(outcome));
    return outcome;
  }
  return {
    fileOf: place,
    get,
    async settle(outcome) {
      const { migration } = outcome;
      const earlier = settling.get(migration);
      if (earlier !== undefined) return await earlier;
      const deciding = decide(outcome).finally(() => settling.delete(migration));
      settling.set(migration, deciding);
      return await deciding;
    },
  };
}
