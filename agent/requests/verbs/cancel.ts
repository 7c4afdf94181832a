import { TagalongError } from '../../../broker/contract/errors.ts';
import type { Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';

/** Cancels a migration of which this node is the source, before its commit. */
export function cancelVerb(node: NodeParts): Handlers['cancel'] {
  return async ({ container, migration: named, dryRun }) => {
    const migration = named ?? (container === undefined ? undefined : node.outgoing.migrationOf(container));
    if (migration === undefined)
      throw new TagalongError('unknown-migration', { migration: `of ${container ?? 'nothing'}` });
    if (!dryRun) node.outgoing.cancel(migration);
    return { migration, result: { migration } };
  };
}
