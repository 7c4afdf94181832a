import { dirname, join } from 'node:path';
import { TagalongError } from '../../../broker/contract/errors.ts';
import { archiveDirectory } from '../../checkpoints/checkpoints.ts';
import { exists } from '../../checkpoints/draftFile.ts';
import type { Written } from '../../checkpoints/write.ts';
import type { ContainerRecord } from '../../containers/record.ts';
import { memoryOf } from '../../containers/upkeep.ts';
import { contentBytes, readManifest } from '../../files/manifest.ts';
import { readDisk } from '../../health/readings.ts';
import type { Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';
import { idleContainer } from './own.ts';

/** Beside the memory of the container, which lies on a tmpfs until it is in the archive. */
const spareMemoryBytes = 32 << 20;
const spareDiskBytes = 16 << 20;

/** Writes a standing checkpoint of a container of this node. */
export function checkpointVerb(node: NodeParts): Handlers['checkpoint'] {
  return async (request) => {
    const { container, leaveRunning = false, withImage = false } = request;
    const file = request.file ?? defaultFile(node, container);
    const makeDirectory = request.file === undefined;
    const before = runningContainer(node, container);
    await checkFile(node, file, makeDirectory);
    await checkRoom(node, before, file, withImage);
    const record = runningContainer(node, container); // it may have changed meanwhile
    const result = { container, file, leaveRunning, generation: record.generation };
    if (request.dryRun) return { result };
    const written = node.checkpoints.write({ record, file, makeDirectory, leaveRunning, withImage });
    return { result, later: finish(node, result, written) };
  };
}

async function finish(node: NodeParts, result: object, writing: Promise<Written>): Promise<Record<string, unknown>> {
  const written = await writing;
  await node.published(); // who hears that it is done finds the container gone
  return { ...result, ...written };
}

function runningContainer(node: NodeParts, container: string): ContainerRecord {
  const record = idleContainer(node, container);
  if (record.status === 'running') return record;
  throw new TagalongError('container-not-running', { container, status: record.status });
}

function defaultFile(node: NodeParts, container: string): string {
  const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return join(archiveDirectory(node.configuration.dataDirectory), `${container}-${stamp}.tar`);
}

async function checkFile(node: NodeParts, file: string, makesDirectory: boolean): Promise<void> {
  if (await exists(file)) throw new TagalongError('file-exists', { file, node: node.configuration.node });
  if (makesDirectory || (await exists(dirname(file)))) return;
  const problem = `there is no directory ${dirname(file)} on ${node.configuration.node}`;
  throw new TagalongError('malformed-request', { field: 'file', problem });
}

async function checkRoom(node: NodeParts, record: ContainerRecord, file: string, withImage: boolean): Promise<void> {
  const memoryBytes = await memoryOf(record);
  const facts = await node.facts();
  const needed = memoryBytes + spareMemoryBytes;
  if (facts.memoryAvailableBytes < needed) {
    const availableBytes = facts.memoryAvailableBytes;
    throw new TagalongError('not-enough-memory', { node: facts.node, availableBytes, neededBytes: needed });
  }
  const files = [node.containers.place(record.spec.name).state];
  if (withImage) files.push(node.images.rootFileSystem(record.spec.imageDigest));
  const sizes = await Promise.all(files.map(async (top) => contentBytes(await readManifest(top))));
  const neededBytes = sizes.reduce((sum, bytes) => sum + bytes, memoryBytes + spareDiskBytes);
  const { diskBytes, diskAvailableBytes: availableBytes } = await readDisk(dirname(file));
  if (diskBytes > 0 && availableBytes < neededBytes)
    throw new TagalongError('not-enough-disk', { node: facts.node, availableBytes, neededBytes });
}
