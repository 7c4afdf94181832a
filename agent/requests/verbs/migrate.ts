import { type ErrorCode, errorTable, TagalongError } from '../../../broker/contract/errors.ts';
import type { RequestOf } from '../../../broker/contract/requests.ts';
import type { DraftOf } from '../../../broker/contract/topics.ts';
import type { Consideration } from '../../migration/consider.ts';
import { BlockedError, type Handlers, type Obedience } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';
import { idleContainer, settled } from './own.ts';

/** Moves a container of this node to another. */
export function migrateVerb(node: NodeParts): Handlers['migrate'] {
  return (request) => move(node, request);
}

/** As the verb; also what a drain does with each container. */
export async function move(node: NodeParts, request: RequestOf<'migrate'>): Promise<Obedience> {
  await settled(node, request.container);
  checkMove(node, request);
  const considered = await node.outgoing.consider(request);
  const [first, ...others] = considered.blocked;
  if (first !== undefined) throw new BlockedError([first, ...others]);
  if (request.dryRun) return { result: expectation(request, considered) };
  checkMove(node, request); // it may have changed while the nodes were compared
  const { migration, ended } = node.outgoing.begin(request, considered);
  const later = ended.then(async (document) => {
    await node.published(); // who hears that it is done has heard how
    return resultOf(document);
  });
  return { migration, later };
}

export function checkMove(
  node: NodeParts,
  request: Pick<RequestOf<'migrate'>, 'container' | 'to' | 'force' | 'ifGeneration'>,
): void {
  const { container, to } = request;
  const record = idleContainer(node, container);
  const own = node.configuration.node;
  if (to === own) throw new TagalongError('same-node', { container, node: own });
  const status = node.site.statusOf(to);
  if (status === undefined) throw new TagalongError('unknown-node', { node: to });
  if (status === 'offline') throw new TagalongError('node-offline', { node: to });
  if (record.status !== 'running')
    throw new TagalongError('container-not-running', { container, status: record.status });
  if (record.spec.pinned && !request.force) throw new TagalongError('container-pinned', { container, node: own });
  if (request.ifGeneration !== undefined && request.ifGeneration !== record.generation) {
    throw new TagalongError('generation-mismatch', {
      container,
      actual: record.generation,
      expected: request.ifGeneration,
    });
  }
}

function expectation(request: RequestOf<'migrate'>, considered: Consideration): Record<string, unknown> {
  const { choice, memoryBytes, fileBytes, answer } = considered;
  const { technique, reason: techniqueReason, estimate } = choice;
  return {
    container: request.container,
    to: request.to,
    technique,
    techniqueReason,
    estimate,
    memoryBytes,
    fileBytes,
    lacksImage: answer?.lacksImage,
  };
}

function resultOf(document: DraftOf<'nodeMigration'>): Record<string, unknown> {
  const { error } = document;
  if (error !== undefined) {
    const code = error.code in errorTable ? (error.code as ErrorCode) : 'bug';
    throw new TagalongError(code, error.details ?? { problem: error.message });
  }
  return { ...document };
}
