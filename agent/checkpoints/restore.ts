import { randomUUID } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { TagalongError } from '../../broker/contract/errors.ts';
import { openNetwork } from '../containers/network.ts';
import { prepareDirectories, prepareSurroundings } from '../containers/prepare.ts';
import type { ContainerPlace, ContainerRecord, ContainerSpec } from '../containers/record.ts';
import { mountLine } from '../containers/rootMount.ts';
import { criuErrors, restoreParameters, runcState, waitingRunc, writeCriuConfiguration } from '../containers/runc.ts';
import { feed, unpackInto } from '../files/tar.ts';
import { checkImageSet } from '../images/checkSet.ts';
import type { Archive } from './archive.ts';
import { memberNames } from './archiveWriter.ts';
import type { CheckpointParts } from './checkpoints.ts';

export interface RestoreOrder {
  archive: Archive;
  /** As the container will be, which may have another name and address than in the archive. */
  spec: ContainerSpec;
}

/**
 * Whether established connections can go on: only where the container has stood still since, and is who it was. Of a
 * container that ran on, the other ends have heard more than the archive knows: what it would send they would take for
 * repetitions, and drop.
 */
export function keepsConnections({ archive, spec }: RestoreOrder): boolean {
  const before = archive.metadata.spec;
  return !archive.metadata.leftRunning && before.address === spec.address && before.mac === spec.mac;
}

/**
 * Starts a container from an archive whose outline was checked, on this node. Its name is taken first, so that the whole
 * site knows; nothing of the archive is unpacked before all of it is verified; and where it cannot be restored, nothing stays.
 *
 * @throws TagalongError `archive-unusable`, `restore-failed`
 */
export async function restoreCheckpoint(order: RestoreOrder, parts: CheckpointParts): Promise<ContainerRecord> {
  const { archive, spec } = order;
  const { containers, configuration } = parts;
  const generation = archive.metadata.generation + 1;
  const place = containers.place(spec.name);
  const directory = join(configuration.runDirectory, 'checkpoints', randomUUID());
  try {
    await rm(place.directory, { recursive: true, force: true });
    await mkdir(place.directory, { recursive: true, mode: 0o700 });
    await containers.adopt({ spec, generation, status: 'creating', since: new Date().toISOString() });
    await archive.verify();
    await prepareDirectories(spec, place);
    await unpack(order, place, directory, parts);
    await prepareSurroundings(spec, place);
    await restore(order, place, directory, parts);
    await openNetwork(spec, place, configuration.bridge);
    const pid = (await runcState(spec.name))?.pid;
    return await containers.update(spec.name, { status: 'running', since: new Date().toISOString(), pid });
  } catch (error) {
    await containers.remove(spec.name);
    throw error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function unpack(
  { archive, spec }: RestoreOrder,
  place: ContainerPlace,
  directory: string,
  { images }: CheckpointParts,
): Promise<void> {
  if (archive.has(memberNames.image) && !(await images.has(spec.imageDigest))) {
    await images.receive(spec.imageDigest, Readable.from(archive.read(memberNames.image))).catch((error: unknown) => {
      const problem = error instanceof Error ? error.message : String(error);
      throw new TagalongError('archive-unusable', { file: archive.path, problem }, error);
    });
  }
  await feed(archive.read(memberNames.state), unpackInto(place.state));
  for (const path of archive.metadata.removed) await rm(join(place.state, path), { recursive: true, force: true });
  if (archive.has(memberNames.changes)) await feed(archive.read(memberNames.changes), unpackInto(place.state));
  const imageDirectory = join(directory, 'images');
  await mkdir(imageDirectory, { recursive: true, mode: 0o700 });
  for (const name of archive.imageNames) {
    const file = await open(join(imageDirectory, name), 'wx', 0o600);
    try {
      for await (const chunk of archive.read(`checkpoint/${name}`)) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
  }
}

async function restore(
  order: RestoreOrder,
  place: ContainerPlace,
  directory: string,
  { images, configuration }: CheckpointParts,
): Promise<void> {
  const { spec } = order;
  const { name } = spec;
  const work = join(directory, 'work');
  checkImages(order.archive.path, join(directory, 'images'), order.archive.metadata.pageSizeBytes);
  await writeCriuConfiguration(place, keepsConnections(order) ? [] : ['tcp-close']);
  const parameters = restoreParameters(name, place, join(directory, 'images'), work, false);
  const runc = await waitingRunc(place, parameters, mountLine(place, images.rootFileSystem(spec.imageDigest)));
  runc.go();
  try {
    await runc.done;
  } catch (error) {
    const said = await criuErrors(join(work, 'restore.log'));
    const problem = said || (error instanceof Error ? error.message : String(error));
    throw new TagalongError('restore-failed', { container: name, node: configuration.node, problem }, error);
  }
  await writeCriuConfiguration(place, []);
}

function checkImages(file: string, directory: string, pageBytes: number): void {
  try {
    checkImageSet(directory, { pageBytes });
  } catch (error) {
    const problem = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
    throw new TagalongError('archive-unusable', { file, problem }, error);
  }
}
