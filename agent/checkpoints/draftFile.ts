import { randomUUID } from 'node:crypto';
import { type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TagalongError } from '../../broker/contract/errors.ts';
import { syncDirectory } from '../../host/files.ts';

/** A file that has another name until it is whole. */
export interface DraftFile {
  readonly handle: FileHandle;
  /** Its name until then. */
  readonly path: string;
  /** Gives it its name. @throws TagalongError `file-exists` where somebody was quicker: nothing is replaced */
  publish(): Promise<void>;
  /** Closes it, and removes it unless it was published. */
  close(): Promise<void>;
}

/** Whether there is something under a name. */
export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Opens a draft beside where the file will be, readable by root alone.
 *
 * @param path - the file's name to be
 * @param node - for the error
 * @param make - whether a missing directory is made
 */
export async function openDraft(path: string, node: string, make: boolean): Promise<DraftFile> {
  const directory = dirname(path);
  if (make) await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = join(directory, `.${randomUUID()}.tmp`);
  const handle = await open(draft, 'wx', 0o600);
  const taken = (cause?: unknown) => new TagalongError('file-exists', { file: path, node }, cause);

  async function name(): Promise<void> {
    try {
      await link(draft, path); // unlike a renaming, it never replaces
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') throw taken(error);
      // a file system without hard links, such as that of a USB stick
      if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
      if (await exists(path)) throw taken(error);
      await rename(draft, path);
    }
  }

  return {
    handle,
    path: draft,
    async publish() {
      await name();
      try {
        await rm(draft, { force: true });
        await syncDirectory(directory);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
    },
    async close() {
      await handle.close();
      await rm(draft, { force: true });
    },
  };
}
