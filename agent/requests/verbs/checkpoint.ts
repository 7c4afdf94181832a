import { TagalongError } from '../../../broker/contract/errors.ts';
import type { Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';

/** Writes a standing checkpoint of a container of this node. */
export function checkpointVerb(_node: NodeParts): Handlers['checkpoint'] {
  return async ({ container }) => {
    throw new TagalongError('unknown-container', { container });
  };
}
