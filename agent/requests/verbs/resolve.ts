import { TagalongError } from '../../../broker/contract/errors.ts';
import type { Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';
import { ownContainer } from './own.ts';

/** Decides for a container that stands still here because its destination does not answer. */
export function resolveVerb(node: NodeParts): Handlers['resolve'] {
  return async ({ container, keep, dryRun }) => {
    const { handOver } = ownContainer(node, container);
    node.doubts.check(container);
    if (keep === 'there' && handOver?.lazy) throw new TagalongError('pages-are-here', { container, node: handOver.to });
    if (!dryRun) node.doubts.decide(container, keep);
    return { result: { container, keep } };
  };
}
