import { Readable } from 'node:stream';
import type { AedesPublishPacket } from 'aedes';
import { contains } from '../contract/filters.ts';

/** What aedes asks of its store about retained documents. */
export interface RetainedStore {
  storeRetained(packet: AedesPublishPacket): Promise<void>;
  createRetainedStream(filter: string): Readable;
  createRetainedStreamCombi(filters: readonly string[]): Readable;
}

/** The retained documents of the site, in memory. */
export interface RetainedDocuments extends RetainedStore {
  /** Whether this very message is what the broker keeps of its topic now. */
  isCurrent(packet: Pick<AedesPublishPacket, 'topic' | 'payload'>): boolean;
}

/**
 * Keeps retained documents where reading and writing takes no time.
 *
 * aedes numbers a message when it comes in, hands it on when its store has taken it, and drops it for each subscriber that
 * has had one of a higher number. So a store that takes documents slowly, or in another order, loses messages.
 *
 * @param earlier - what an earlier run has kept
 * @param onStored - is told of each new document, or of an empty one where it was cleared
 */
export function makeRetainedDocuments(
  earlier: Iterable<AedesPublishPacket> = [],
  onStored: (packet: AedesPublishPacket) => void = () => undefined,
): RetainedDocuments {
  const documents = new Map([...earlier].map((packet) => [packet.topic, packet]));

  function* matching(filters: readonly string[]) {
    for (const [topic, packet] of documents) if (filters.some((filter) => contains(filter, topic))) yield packet;
  }

  return {
    async storeRetained(packet) {
      const kept = { ...packet };
      if (packet.payload.length === 0) documents.delete(packet.topic);
      else documents.set(packet.topic, kept);
      onStored(kept);
    },
    createRetainedStream: (filter) => Readable.from(matching([filter])),
    createRetainedStreamCombi: (filters) => Readable.from(matching(filters)),
    isCurrent: ({ topic, payload }) => documents.get(topic)?.payload === payload,
  };
}
