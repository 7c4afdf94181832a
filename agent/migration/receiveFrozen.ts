import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { TagalongError } from '../../broker/contract/errors.ts';
import { readEntry } from '../files/manifest.ts';
import { seedNames } from '../images/seed.ts';
import type { Bases } from '../memory/bases.ts';
import { runsOf } from '../memory/pageRecords.ts';
import { makePageSet, type PageSet } from '../memory/pageSet.ts';
import type { Arrival, Ready } from './arrival.ts';
import { readSwitchStream } from './switchStream.ts';
import { takePages } from './takeRound.ts';

/** What has come of a frozen container. */
export interface Received {
  /** Which pages are as they were when it was frozen. */
  verified: PageSet;
  /** Whether these, and those that are not named, are all. */
  complete: boolean;
  /** Takes in what is still on its way: memory, which is complete then. */
  rest?: () => Promise<void>;
  /** Nothing is taken in any more; to be called in any case. */
  end(): void;
}

/** Reads the stream of the frozen container as far as the restore needs it: memory, files, images. */
export async function receiveFrozen(
  arrival: Arrival,
  { archive, restore }: Ready,
  bases: Bases,
  input: Readable,
): Promise<Received> {
  const { place, spec } = arrival;
  for (const name of seedNames) rmSync(join(restore.imageDirectory, name), { force: true });
  const verified = makePageSet();
  const claim = bases.claim(spec.name);
  try {
    const { archived, files, memoryComplete, rest } = await readSwitchStream(
      input,
      {
        stateDirectory: place.state,
        archive: archive.input,
        unpacked: archive.done,
        imageDirectory: restore.imageDirectory,
      },
      {
        onBase({ id, sequence, isNew }) {
          arrival.base = bases.open(spec.name, { id, sequence }) ?? (isNew ? bases.create(spec.name, id) : undefined);
        },
        onStartOver: verified.clear,
        onPages(header, content) {
          if (arrival.base === undefined)
            throw new TagalongError('bad-image', { file: spec.name, problem: 'the nodes do not agree on its base' });
          claim.check();
          takePages(header, content, arrival.base.store);
          for (const run of runsOf(header)) verified.add(run);
        },
      },
    );
    if (archived) {
      archive.input.end();
      await archive.done;
    }
    await noteFiles(arrival, files);
    return { complete: memoryComplete, verified, end: claim.end, ...(rest && { rest }) };
  } catch (error) {
    claim.end();
    throw error;
  }
}

/** What is known of the files here, after those that changed last were unpacked. */
async function noteFiles(arrival: Arrival, files: { removed: string[]; changed: string[] }): Promise<void> {
  const { manifest, place } = arrival;
  if (manifest === undefined) return;
  for (const path of manifest.keys())
    if (files.removed.some((top) => path === top || path.startsWith(`${top}/`))) manifest.delete(path);
  await Promise.all(
    files.changed.map(async (path) => {
      const entry = await readEntry(join(place.state, path)).catch(() => undefined);
      if (entry === undefined) manifest.delete(path);
      else manifest.set(path, entry);
    }),
  );
}
