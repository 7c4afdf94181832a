/** What became of numbered messages in one window. */
export interface MessageAccount {
  sent: number;
  answered: number;
  /** Sent in this window and never answered, or never received by the service. */
  lost: number;
  /** Answered twice, or received twice by the service. */
  duplicated: number;
}

/** Counts messages and answers, window by window. */
export interface MessageRecord {
  /** The number of the next message. */
  send(): number;
  /** An answer to message `number`. */
  answer(number: number): void;
  /** The last message sent. */
  readonly last: number;
  /**
   * Closes the window. To be called when all answers to messages up to `upTo` must have come.
   *
   * @param upTo - the last message of the window
   * @param received - how many messages the service has received since its start, those up to `upTo` and none later;
   *   undefined when it did not say
   */
  close(upTo: number, received?: number): MessageAccount;
}

/** A client and a service that begin at nought, with no other client there. */
export function makeMessageRecord(): MessageRecord {
  let last = 0;
  let duplicated = 0;
  const unanswered = new Set<number>();
  let before = { last: 0, received: 0 };
  return {
    get last() {
      return last;
    },
    send() {
      last += 1;
      unanswered.add(last);
      return last;
    },
    answer(number) {
      // an answer to what was never asked counts as doubled too: it is one too many
      if (!unanswered.delete(number)) duplicated += 1;
    },
    close(upTo, received) {
      const sent = upTo - before.last;
      const arrived = received === undefined ? sent : received - before.received;
      const open = [...unanswered].filter((number) => number <= upTo);
      for (const number of open) unanswered.delete(number);
      const account = {
        sent,
        answered: sent - open.length,
        lost: Math.max(open.length, sent - arrived, 0),
        duplicated: Math.max(duplicated, arrived - sent, 0),
      };
      before = { last: upTo, received: received ?? before.received + sent };
      duplicated = 0;
      return account;
    },
  };
}
