import { mkdir } from 'node:fs/promises';
import levelPersistence from 'aedes-persistence-level';
import { ClassicLevel } from 'classic-level';
import { TagalongError } from '../contract/errors.ts';

export interface Persistence {
  /** For aedes; undefined keeps everything in memory. */
  store: object | undefined;
  close(): Promise<void>;
}

/**
 * Opens the store of retained documents and wills.
 *
 * @param directory - made where it is missing; undefined for memory
 * @throws TagalongError `bad-configuration` where it cannot be opened, for instance as another broker holds it
 */
export async function openPersistence(directory: string | undefined): Promise<Persistence> {
  if (directory === undefined) return { store: undefined, close: async () => undefined };
  const database = new ClassicLevel(directory);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await database.open();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new TagalongError('bad-configuration', { file: 'broker', field: 'persistenceDirectory', problem }, error);
  }
  return { store: levelPersistence(database), close: () => database.close() };
}
