import type { Log, SiteConnection } from '../broker/connection.ts';
import type { DraftOf } from '../broker/contract/topics.ts';

/** Publishes what this node has: containers and migrations, in the order of their changes. */
export interface Publishing {
  container(name: string, document: DraftOf<'nodeContainer'> | undefined): void;
  migration(document: DraftOf<'nodeMigration'>, ended: boolean): void;
  /** Resolves when all that was handed over so far is published. */
  settled(): Promise<void>;
}

/** Not awaited one by one: the connection keeps the order, and of a document the newest alone waits for the broker. */
export function makePublishing(connection: SiteConnection, node: string, log: Log): Publishing {
  const underWay = new Set<Promise<void>>();
  const send = (what: string, sending: Promise<void>) => {
    const guarded = sending
      .catch((error: unknown) => log.error({ err: error, what }, 'a document could not be published'))
      .finally(() => underWay.delete(guarded));
    underWay.add(guarded);
  };
  return {
    container: (name, document) => send(name, connection.publish('nodeContainer', { node, name }, document)),
    migration(document, ended) {
      const { id } = document;
      send(id, connection.publish('nodeMigrationEvent', { node, id }, document));
      send(id, connection.publish('nodeMigration', { node, id }, ended ? undefined : document));
    },
    async settled() {
      await Promise.all(underWay);
    },
  };
}
