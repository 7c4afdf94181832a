import { locate, topicOf } from '../../../broker/contract/address.ts';
import { type MessageOf, type ParametersOf, type TopicName, topicTable } from '../../../broker/contract/topics.ts';

/** A message as it travels: with the row of the contract that it belongs to. */
export interface Delivered {
  name: TopicName;
  parameters: Record<string, string>;
  message: unknown;
  retained: boolean;
}

/** The broker of the model: keeps retained documents, delivers at once, checks everything against the contract. */
export interface ModelBroker {
  publish<T extends TopicName>(name: T, parameters: ParametersOf<T>, message: MessageOf<T> | undefined): void;
  subscribe(listener: (delivered: Delivered) => void): () => void;
  /** Everything that is kept. */
  stored(): Delivered[];
}

const site = 'model';

export function makeModelBroker(): ModelBroker {
  const kept = new Map<string, Delivered>();
  const listeners = new Set<(delivered: Delivered) => void>();
  return {
    publish(name, parameters, message) {
      const topic = topicOf(site, name, parameters);
      if (locate(site, topic)?.name !== name) throw new Error(`${topic} is not in the contract`);
      const checked = message === undefined ? undefined : topicTable[name].schema.parse(message);
      // what passes a broker has been text: undefined fields and infinities do not survive
      const read = checked === undefined ? undefined : JSON.parse(JSON.stringify(checked));
      const delivered = { name, parameters, message: read, retained: false };
      if (topicTable[name].retain) {
        if (read === undefined) kept.delete(topic);
        else kept.set(topic, { ...delivered, retained: true });
      }
      for (const listener of [...listeners]) listener(delivered);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stored: () => [...kept.values()],
  };
}
