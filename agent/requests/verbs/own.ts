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
