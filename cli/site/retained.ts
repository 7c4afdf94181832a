import type { SiteConnection } from '../../broker/connection.ts';
import type { MessageOf, ParametersOf, TopicName } from '../../broker/contract/topics.ts';

/** How long no further retained message has come before the picture counts as complete. */
const quietMs = 250;
const limitMs = 5000;

interface Settling {
  heard(): void;
  settled(): Promise<void>;
}

function makeSettling(): Settling {
  let lastMs = 0;
  return {
    heard() {
      lastMs = performance.now();
    },
    async settled() {
      const startedMs = performance.now();
      lastMs = startedMs;
      for (;;) {
        const nowMs = performance.now();
        const waitMs = Math.min(lastMs + quietMs, startedMs + limitMs) - nowMs;
        if (waitMs <= 0) return;
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    },
  };
}

/** One retained document with the parameters of its topic. */
export interface Retained<T extends TopicName> {
  parameters: ParametersOf<T>;
  message: MessageOf<T>;
}

/**
 * Reads retained documents. MQTT 3.1.1 lets a broker send them before or after the SUBACK and marks no end of them
 * ([MQTT-3.3.1-6], section 3.8.4); brokers send them in one go, so the reading ends when none has come for 250 ms.
 * Several topics are read in the same time as one: subscribe to all, then wait once.
 */
export async function readRetained<const Names extends readonly TopicName[]>(
  connection: SiteConnection,
  names: Names,
): Promise<{ [K in Names[number]]: Retained<K>[] }> {
  const settling = makeSettling();
  const found = Object.fromEntries(names.map((name) => [name, new Map<string, unknown>()]));
  const ends = await Promise.all(
    names.map((name) =>
      connection.subscribe(name, {}, ({ parameters, message, topic, retained }) => {
        if (retained) settling.heard();
        if (message === undefined) found[name]?.delete(topic);
        else found[name]?.set(topic, { parameters, message });
      }),
    ),
  );
  await settling.settled();
  await Promise.all(ends.map((end) => end()));
  return Object.fromEntries(names.map((name) => [name, [...(found[name]?.values() ?? [])]])) as {
    [K in Names[number]]: Retained<K>[];
  };
}
