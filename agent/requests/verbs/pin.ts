import type { Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';
import { idleContainer } from './own.ts';

/** Pins a container to this node, or lets it go: a pinned one moves only by force. */
export function pinVerb(node: NodeParts, pinned: boolean): Handlers['pin'] {
  return async ({ container, dryRun }) => {
    const { spec } = idleContainer(node, container);
    if (!dryRun) await node.containers.update(container, { spec: { ...spec, pinned } });
    return { result: { container, pinned } };
  };
}
