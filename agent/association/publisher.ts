import type { SiteConnection } from '../../broker/connection.ts';
import type { DraftOf } from '../../broker/contract/topics.ts';
import type { Logger } from '../../host/log.ts';
import { isWorthPublishing, type Speaker } from './documents.ts';

/** Says on the broker who is here, each change once and in order. */
export interface Publisher {
  /** Publishes the document if it says something new. */
  document(document: DraftOf<'nodeClient'>): void;
  clear(mac: string): void;
  event(event: 'associated' | 'disassociated', mac: string, interfaceName: string, atMs: number): void;
  /** Publishes these documents as if nothing had been published. */
  republish(documents: DraftOf<'nodeClient'>[]): Promise<void>;
  /** Resolves when the broker has taken all that was published. */
  flush(): Promise<void>;
}

/** @param speaker - node and session that stand in each message */
export function makePublisher(speaker: Speaker, connection: SiteConnection, log: Logger): Publisher {
  const published = new Map<string, DraftOf<'nodeClient'>>();
  const underWay = new Set<Promise<void>>();
  let sequence = 0;

  // not awaited one by one: the connection keeps the order, and an association must not wait for an earlier answer
  const send = (sending: Promise<void>, what: object) => {
    const guarded = sending
      .catch((error: unknown) => log.error({ err: error, ...what }, 'could not publish an association'))
      .finally(() => underWay.delete(guarded));
    underWay.add(guarded);
  };
  const write = (document: DraftOf<'nodeClient'>) => {
    published.set(document.mac, document);
    send(connection.publish('nodeClient', { node: speaker.node, mac: document.mac }, document), { mac: document.mac });
  };
  const flush = async () => {
    await Promise.all(underWay);
  };

  return {
    document(document) {
      if (isWorthPublishing(published.get(document.mac), document)) write(document);
    },
    clear(mac) {
      published.delete(mac);
      send(connection.publish('nodeClient', { node: speaker.node, mac }, undefined), { mac });
    },
    event(event, mac, interfaceName, atMs) {
      const message = { event, mac, ...speaker, sequence, interface: interfaceName, at: new Date(atMs).toISOString() };
      sequence += 1;
      send(connection.publish('nodeClientEvent', { node: speaker.node, mac }, message), { mac, event });
    },
    async republish(documents) {
      for (const document of documents) write(document);
      await flush();
    },
    flush,
  };
}
