import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Manifest } from './manifest.ts';

const numberSchema = z.string().regex(/^\d+$/).transform(BigInt);
const entrySchema = z.object({
  type: z.enum(['file', 'directory', 'link', 'device', 'other']),
  mode: z.number(),
  uid: z.number(),
  gid: z.number(),
  sizeBytes: z.number(),
  inode: numberSchema,
  modifiedNs: numberSchema,
  changedNs: numberSchema,
  target: z.string().optional(),
  device: numberSchema.optional(),
});
/** How the files of a container were when it began to run here, and by which migration it came. */
const storedSchema = z.object({ migration: z.string(), entries: z.array(z.tuple([z.string(), entrySchema])) });

export interface StoredManifest {
  migration: string;
  manifest: Manifest;
}

const asText = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);

export async function writeManifest(path: string, { migration, manifest }: StoredManifest): Promise<void> {
  await writeFile(path, JSON.stringify({ migration, entries: [...manifest] }, asText), { mode: 0o600 });
}

/** @returns undefined where there is none that can be read: then all files count as changed */
export async function readStoredManifest(path: string): Promise<StoredManifest | undefined> {
  try {
    const { migration, entries } = storedSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return { migration, manifest: new Map(entries) as Manifest };
  } catch {
    return undefined;
  }
}
