import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { requestIdSchema } from '../../broker/contract/ids.ts';
import { readJson, writeDurably } from '../../host/files.ts';

const noteSchema = z.object({
  /** The migration by which the container left: the other node's files were as these when it began to run there. */
  migration: requestIdSchema,
  sizeBytes: z.number().nonnegative(),
  at: z.number(),
});

/** The files of containers that have left this node, kept for their return. */
export interface KeptState {
  /** Takes over the files of a container that leaves. @param sizeBytes - content of its files */
  keep(container: string, state: string, migration: string, sizeBytes: number): Promise<void>;
  /**
   * Puts the files back in place, if they are those that the container left by this very migration.
   * @returns whether they are there now
   */
  bringBack(container: string, state: string, migration: string | undefined): Promise<boolean>;
  drop(container: string): Promise<void>;
}

/**
 * @param directory - on the file system of the containers, so that nothing has to be copied
 * @param quotaBytes - the oldest are removed beyond it
 */
export function makeKeptState(directory: string, quotaBytes: number): KeptState {
  const at = (container: string, part = '') => join(directory, container, part);
  const noteOf = (container: string) => readJson(at(container, 'kept.json'), noteSchema).catch(() => undefined);
  const drop = (container: string) => rm(at(container), { recursive: true, force: true });

  async function trim(): Promise<void> {
    const notes = await Promise.all(
      (await readdir(directory)).map(async (container) => ({ container, note: await noteOf(container) })),
    );
    let total = 0;
    for (const { container, note } of notes.sort((a, b) => (b.note?.at ?? 0) - (a.note?.at ?? 0))) {
      total += note?.sizeBytes ?? 0;
      if (note === undefined || total > quotaBytes) await drop(container);
    }
  }

  return {
    drop,
    async keep(container, state, migration, sizeBytes) {
      await drop(container);
      await mkdir(at(container), { recursive: true, mode: 0o700 });
      await rename(state, at(container, 'state'));
      await writeDurably(at(container, 'kept.json'), JSON.stringify({ migration, sizeBytes, at: Date.now() }));
      await trim();
    },
    async bringBack(container, state, migration) {
      const note = await noteOf(container);
      const isIt = note !== undefined && note.migration === migration;
      if (isIt) {
        await rm(state, { recursive: true, force: true });
        await mkdir(dirname(state), { recursive: true, mode: 0o700 });
        await rename(at(container, 'state'), state);
      }
      await drop(container);
      return isIt;
    },
  };
}
