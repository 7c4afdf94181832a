import { mkdir } from 'node:fs/promises';
import type { AedesPublishPacket } from 'aedes';
import levelPersistence from 'aedes-persistence-level';
import { ClassicLevel } from 'classic-level';
import type { Log } from '../connection.ts';
import { TagalongError } from '../contract/errors.ts';
import { makeRetainedDocuments, type RetainedDocuments } from './retainedDocuments.ts';
import { makeWriteBehind } from './writeBehind.ts';

export interface Persistence {
  /** For aedes, which keeps wills there; undefined keeps them in memory. */
  store: object | undefined;
  documents: RetainedDocuments;
  /** Writes what has not been written, and closes. */
  close(): Promise<void>;
}

/**
 * Opens the store of retained documents and wills.
 *
 * @param directory - made where it is missing; undefined for memory
 * @throws TagalongError `bad-configuration` where it cannot be opened, for instance as another broker holds it
 */
export async function openPersistence(directory: string | undefined, log: Log): Promise<Persistence> {
  if (directory === undefined)
    return { store: undefined, documents: makeRetainedDocuments(), close: async () => undefined };
  const database = await openDatabase(directory);
  const store = levelPersistence(database);
  const earlier: AedesPublishPacket[] = await store.createRetainedStream('#').toArray();
  const write = store.storeRetained.bind(store); // the broker gives the store another one
  const written = makeWriteBehind(write, (error) => log.error({ err: error }, 'a document could not be stored'));
  return {
    store,
    documents: makeRetainedDocuments(earlier, written.put),
    async close() {
      await written.settled();
      await database.close();
    },
  };
}

async function openDatabase(directory: string): Promise<ClassicLevel> {
  const database = new ClassicLevel(directory);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await database.open();
    return database;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new TagalongError('bad-configuration', { file: 'broker', field: 'persistenceDirectory', problem }, error);
  }
}
