/** One message on its way to the broker. */
export interface Letter {
  topic: string;
  payload: string;
  qos: 0 | 1;
  retain: boolean;
}

export interface Outbox {
  /** Resolves when the broker has taken the letter, or the one that replaced it. */
  post(letter: Letter): Promise<void>;
  /** Whether letters are sent at once. */
  open(): void;
  pause(): void;
  /** Rejects all that waits and all that comes. */
  close(error: Error): void;
  /** Resolves when nothing waits or is under way. */
  idle(): Promise<void>;
  readonly waiting: number;
}

export interface OutboxOptions {
  /** Gives one letter to the broker; resolves when it is taken. */
  send(letter: Letter): Promise<void>;
  /** More letters do not wait: the oldest event is dropped. */
  maximumWaiting: number;
  /** This many are given to the broker before it has taken the first. */
  maximumInFlight: number;
  onDropped(letter: Letter): void;
}

interface Entry {
  letter: Letter;
  /** Shared with the letters that this one has replaced. */
  taken: PromiseWithResolvers<void>;
}

/**
 * Holds messages while the broker is away, within bounds and in order.
 *
 * A retained document replaces the one of the same topic that still waits, so that the broker never hears of a state that
 * is past. Events wait in their order; when too many wait, the oldest is dropped: events are hints, documents the truth.
 */
export function makeOutbox({ send, maximumWaiting, maximumInFlight, onDropped }: OutboxOptions): Outbox {
  /** In order of sending. */
  const entries = new Set<Entry>();
  const documents = new Map<string, Entry>();
  const inFlight = new Set<Entry>();
  let isOpen = false;
  let idle = Promise.withResolvers<void>();
  let closedBy: Error | undefined;

  const isIdle = () => inFlight.size + entries.size === 0;

  function take(entry: Entry): void {
    entries.delete(entry);
    if (documents.get(entry.letter.topic) === entry) documents.delete(entry.letter.topic);
  }

  function dropOldest(): void {
    const [first] = entries;
    const victim = [...entries].find((entry) => !entry.letter.retain) ?? first;
    if (!victim) return;
    take(victim);
    onDropped(victim.letter);
    victim.taken.resolve();
  }

  function settle(entry: Entry, outcome: Promise<void>): void {
    outcome.then(entry.taken.resolve, entry.taken.reject).finally(() => {
      inFlight.delete(entry);
      flush();
      if (isIdle()) idle.resolve();
    });
  }

  function flush(): void {
    for (const entry of entries) {
      if (!isOpen || inFlight.size >= maximumInFlight) return;
      take(entry);
      inFlight.add(entry);
      settle(entry, send(entry.letter));
    }
  }

  return {
    get waiting() {
      return entries.size;
    },
    async post(letter) {
      if (closedBy) throw closedBy;
      const earlier = letter.retain ? documents.get(letter.topic) : undefined;
      if (earlier) take(earlier);
      const entry = { letter, taken: earlier?.taken ?? Promise.withResolvers<void>() };
      entries.add(entry);
      if (letter.retain) documents.set(letter.topic, entry);
      if (entries.size > maximumWaiting) dropOldest();
      flush();
      return entry.taken.promise;
    },
    open() {
      isOpen = true;
      flush();
    },
    pause() {
      isOpen = false;
    },
    idle() {
      if (isIdle()) return Promise.resolve();
      idle = Promise.withResolvers<void>();
      return idle.promise;
    },
    close(error) {
      closedBy = error;
      isOpen = false;
      for (const { taken } of [...inFlight, ...entries]) taken.reject(error);
      entries.clear();
      documents.clear();
    },
  };
}
