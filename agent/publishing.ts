import type { Log, SiteConnection } from '../broker/connection.ts';
import type { DraftOf } from '../broker/contract/topics.ts';

/** Publishes what this node has: containers and migrations, in the order of their changes. */
export interface Publishing {
  container(name: string, document: DraftOf<'nodeContainer'> | undefined): void;
  migration(document: DraftOf<'nodeMigration'>, ended: boolean): void;
  /** Resolves when all that was handed over so far is published. */
  settled(): Promise<void>;
}

/** One queue, so that a later document never overtakes an earlier one of the same topic. */
export function makePublishing(connection: SiteConnection, node: string, log: Log): Publishing {
  let queue: Promise<void> = Promise.resolve();
  const add = (what: string, work: () => Promise<void>) => {
    queue = queue
      .then(work)
      .catch((error: unknown) => log.error({ err: error, what }, 'a document could not be published'));
  };
  return {
    container: (name, document) => add(name, () => connection.publish('nodeContainer', { node, name }, document)),
    migration(document, ended) {
      const { id } = document;
      add(id, () => connection.publish('nodeMigrationEvent', { node, id }, document));
      add(id, () => connection.publish('nodeMigration', { node, id }, ended ? undefined : document));
    },
    settled: () => queue,
  };
}
