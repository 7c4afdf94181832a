import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { Streaming } from '../../host/command.ts';
import { freezerOf } from '../../host/freezer.ts';
import { ip } from '../../host/ip.ts';
import { cutPortCommands, openNetwork } from '../containers/network.ts';
import type { ContainerRecord } from '../containers/record.ts';
import { writeCriuConfiguration } from '../containers/runc.ts';
import { standStill } from '../containers/standStill.ts';
import { memoryOf } from '../containers/upkeep.ts';
import { compareManifests, contentBytes, readManifest } from '../files/manifest.ts';
import { packNamed, packTree } from '../files/tar.ts';
import { type ArchiveWriter, makeArchiveWriter, memberNames } from './archiveWriter.ts';
import type { CheckpointParts } from './checkpoints.ts';
import { openDraft } from './draftFile.ts';
import { dumpFrozen } from './dump.ts';
import { formatVersion } from './metadata.ts';

export interface CheckpointOrder {
  record: ContainerRecord;
  /** Where the archive will be. */
  file: string;
  /** Whether a missing directory is made. */
  makeDirectory: boolean;
  leaveRunning: boolean;
  withImage: boolean;
}

/** What came of it. */
export interface Written {
  file: string;
  sizeBytes: number;
  memoryBytes: number;
  /** How long the container stood still, where it ran on. */
  downtimeMs?: number;
}

/**
 * Writes a checkpoint archive of a running container. Its files are read while it runs and, of those that changed
 * meanwhile, once more while it is frozen; so the pause does not grow with them.
 *
 * Unless it is left running, the container ends when the archive is whole, synced and has its name. In whatever goes wrong
 * before, it runs on, and no archive is left.
 *
 * @throws TagalongError `checkpoint-failed`, `file-exists`, or what the signal says
 */
export async function writeCheckpoint(
  order: CheckpointOrder,
  parts: CheckpointParts,
  signal: AbortSignal,
): Promise<Written> {
  const { configuration, containers, images } = parts;
  const { spec, pid } = order.record;
  const { name } = spec;
  if (pid === undefined)
    throw new TagalongError('container-not-running', { container: name, status: order.record.status });
  const place = containers.place(name);
  const freezer = await freezerOf(pid);
  const directory = join(configuration.runDirectory, 'checkpoints', randomUUID());
  const draft = await openDraft(order.file, configuration.node, order.makeDirectory);
  const createdAt = new Date();
  const writer = makeArchiveWriter(draft.handle, createdAt);
  let isFrozen = false;
  let hasEnded = false;

  async function runOn(): Promise<void> {
    await freezer.thaw();
    isFrozen = false;
    await openNetwork(spec, place, configuration.bridge);
  }

  try {
    await containers.update(name, { checkpoint: { draft: draft.path } });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if (order.withImage) await addTar(writer, memberNames.image, images.send(spec.imageDigest));
    const staged = await readManifest(place.state);
    await addTar(writer, memberNames.state, packTree(place.state), 'changes');
    signal.throwIfAborted();
    const memoryBytes = await memoryOf(order.record);
    await writeCriuConfiguration(place, []); // whatever an earlier move has left there

    const frozenMs = performance.now();
    isFrozen = true;
    await Promise.all([ip(cutPortCommands(place)), standStill(freezer, place)]);
    await dumpFrozen({ container: name, place, node: configuration.node, directory, freezer, log: parts.log }, signal);
    const now = await readManifest(place.state);
    const { changed, removed } = compareManifests(staged, now);
    if (changed.length > 0) {
      const tar = packNamed(place.state);
      tar.input.end(changed.map((path) => `./${path}\0`).join(''));
      await addTar(writer, memberNames.changes, tar);
    }
    if (order.leaveRunning) await runOn();
    const downtimeMs = Math.round((performance.now() - frozenMs) * 10) / 10;

    const imageDirectory = join(directory, 'images');
    for (const image of (await readdir(imageDirectory)).sort()) {
      signal.throwIfAborted();
      await writer.add(
        `checkpoint/${image}`,
        createReadStream(join(imageDirectory, image), { highWaterMark: 1 << 20 }),
      );
    }
    const sizeBytes = await writer.finish({
      format: 'tagalong-checkpoint',
      version: formatVersion,
      createdAt: createdAt.toISOString(),
      spec,
      generation: order.record.generation,
      leftRunning: order.leaveRunning,
      memoryBytes,
      fileBytes: contentBytes(now),
      ...(await parts.describe()),
      removed,
    });
    const written = { file: order.file, sizeBytes, memoryBytes };
    if (order.leaveRunning) {
      await draft.publish();
      return { ...written, downtimeMs };
    }
    signal.throwIfAborted();
    await containers.update(name, { checkpoint: { draft: draft.path, endsAt: order.file } });
    await draft.publish();
    isFrozen = false;
    hasEnded = true; // from here on there is no way back to a running container
    await containers.remove(name);
    return written;
  } catch (error) {
    if (isFrozen) await runOn();
    throw error;
  } finally {
    await draft.close();
    await rm(directory, { recursive: true, force: true });
    if (!hasEnded) await containers.update(name, { checkpoint: undefined });
  }
}

/** How GNU tar ends where files changed, grew or vanished while it read them. */
const changedExitCode = 1;

/** @param tolerated - `changes` of files while they are read, since those are read again */
async function addTar(
  writer: ArchiveWriter,
  name: string,
  tar: Pick<Streaming, 'output' | 'done'>,
  tolerated: 'changes' | 'nothing' = 'nothing',
): Promise<void> {
  await writer.add(name, tar.output as AsyncIterable<Buffer>);
  await tar.done.catch((error: unknown) => {
    const isChange = error instanceof TagalongError && error.details['exitCode'] === changedExitCode;
    if (!isChange || tolerated === 'nothing') throw error;
  });
}
