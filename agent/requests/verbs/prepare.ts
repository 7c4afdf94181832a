import { TagalongError } from '../../../broker/contract/errors.ts';
import type { Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';

/** Keeps a node warm for a container of this node. */
export function prepareVerb(_node: NodeParts): Handlers['prepare'] {
  return async ({ container }) => {
    throw new TagalongError('not-prepared', { container });
  };
}

/** Drops what a preparation keeps. */
export function unprepareVerb(_node: NodeParts): Handlers['unprepare'] {
  return async ({ container }) => {
    throw new TagalongError('not-prepared', { container });
  };
}
