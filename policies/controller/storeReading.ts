import { randomUUID } from 'node:crypto';
import type { SiteConnection } from '../../broker/connection.ts';
import type { Clock } from './clock.ts';
import type { Stored } from './siteController.ts';
import type { Heard } from './subscriptions.ts';

/** After the mark came back, this long without another stored document means that the broker has given all of them. */
const quietMs = 50;

/** A mark that does not come back (it was lost with a connection) is sent again after this time. */
const markAgainMs = 2000;

/** The reading of everything that the broker keeps, from the subscription (or a new connection) to its end. */
export interface StoreReading {
  hear(heard: Heard): void;
  /** Sends a mark behind the subscriptions: what the broker keeps comes before it. */
  mark(): void;
  /** Takes the answer to a mark. */
  marked(mark: string): void;
  stop(): void;
}

/**
 * Collects what the broker keeps until it has all arrived: a mark that was published after the subscriptions has come back,
 * and no stored document has come since for a moment (a broker may send those beside the mark).
 *
 * @param done - called once, with the newest document of each topic, and the events heard meanwhile
 */
export function startStoreReading(
  connection: SiteConnection,
  clock: Clock,
  done: (stored: Stored[], events: Heard['input'][]) => void,
  failed: (error: unknown) => void,
): StoreReading {
  const documents = new Map<string, Stored>();
  const events: Stored[] = [];
  let sent: string | undefined;
  let back = false;
  let cancel = () => {};
  const wait = (waitMs: number, callback: () => void) => {
    cancel();
    cancel = clock.at(clock.now() + waitMs, callback);
  };
  const finish = () => done([...documents.values()], events);
  const mark = () => {
    const policy = `mark-${randomUUID()}`;
    sent = policy;
    back = false;
    wait(markAgainMs, mark);
    const at = new Date(clock.now()).toISOString();
    connection
      .publish('policyState', { policy }, { loaded: false, at, cooldowns: {} }, { retain: false })
      .catch(failed);
  };
  return {
    mark,
    marked(policy) {
      if (policy !== sent) return;
      back = true;
      wait(quietMs, finish);
    },
    hear({ input, document, retained }) {
      if (document === undefined) events.push(input);
      else documents.set(document, input);
      if (back && retained) wait(quietMs, finish);
    },
    stop: () => cancel(),
  };
}
