import { setTimeout as wait } from 'node:timers/promises';
import { TagalongError } from '../../../broker/contract/errors.ts';
import type { ContainerRecord } from '../../containers/record.ts';
import type { NodeParts } from '../node.ts';

/** A container of this node. @throws TagalongError `unknown-container` */
export function ownContainer(node: NodeParts, name: string): ContainerRecord {
  const record = node.containers.get(name);
  if (record === undefined) throw new TagalongError('unknown-container', { container: name });
  return record;
}

/**
 * A container of this node that is neither on its way elsewhere nor being checkpointed.
 * @throws TagalongError also `container-busy`, `checkpoint-under-way`
 */
export function idleContainer(node: NodeParts, name: string): ContainerRecord {
  const record = ownContainer(node, name);
  const migration = node.outgoing.migrationOf(name) ?? record.handOver?.migration ?? record.lazy?.migration;
  if (migration !== undefined) throw new TagalongError('container-busy', { container: name, migration });
  const file = node.checkpoints.fileOf(name);
  if (file !== undefined) throw new TagalongError('checkpoint-under-way', { container: name, file });
  return record;
}

/** Answers must not be waited for too long. */
const settlingMs = 3000;

/**
 * Waits until the last of a container's memory is in its processes, for a moment: what came here from elsewhere has to be
 * read into them, and a container that has just arrived may be sent on at once.
 */
export async function settled(node: NodeParts, name: string): Promise<void> {
  const deadline = performance.now() + settlingMs;
  while (node.containers.get(name)?.lazy !== undefined && performance.now() < deadline) await wait(10);
}
