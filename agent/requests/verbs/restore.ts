import { TagalongError } from '../../../broker/contract/errors.ts';
import type { Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';

/** Starts a container from a standing checkpoint on this node. */
export function restoreVerb(_node: NodeParts): Handlers['restore'] {
  return async ({ file }) => {
    throw new TagalongError('archive-unusable', { file, problem: 'it cannot be read yet' });
  };
}
