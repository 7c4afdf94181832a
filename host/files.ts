import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import { TagalongError } from '../broker/contract/errors.ts';

/**
 * Writes a file whole or not at all: beside it, synced, then renamed over it, and the directory synced.
 *
 * @param mode - permission bits; 0600 unless told otherwise
 */
export async function writeDurably(path: string, text: string, mode = 0o600): Promise<void> {
  const draft = join(dirname(path), `.${randomUUID()}.tmp`);
  const file = await open(draft, 'w', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncDirectory(dirname(path));
}

/** Makes what was created, renamed or removed in a directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * Reads a JSON file against its schema.
 * @returns undefined where there is no such file
 * @throws TagalongError `bad-configuration` naming the file and the field
 */
export async function readJson<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new TagalongError(
      'bad-configuration',
      { file: path, field: '(the whole file)', problem: 'it is not JSON' },
      error,
    );
  }
  const checked = schema.safeParse(raw);
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  throw new TagalongError(
    'bad-configuration',
    { file: path, field: issue?.path.join('.') || '(the whole file)', problem: issue?.message ?? 'is not valid' },
    checked.error,
  );
}
