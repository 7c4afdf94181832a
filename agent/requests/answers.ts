import { createHash } from 'node:crypto';
import type { DraftOf } from '../../broker/contract/topics.ts';

export type Answer = DraftOf<'response'>;

/** The answers given so far, so that a repeated request gets the same one and is not obeyed twice. */
export interface Answers {
  /**
   * Looks a request up by its id.
   *
   * @param whose - who obeys it now; `elsewhere` is noted too, so that a node that gets the container by this very request
   * does not obey it once more when it is repeated; `unclaimed` is not
   * @returns `new`; `same` with this node's last answer, if there was one yet; `elsewhere` for one that another node
   * answered and will answer again; `different` for another request under the same id
   */
  meet(
    id: string,
    verb: string,
    request: object,
    whose?: 'mine' | 'elsewhere' | 'unclaimed',
  ): { kind: 'new' } | { kind: 'same'; last: Answer | undefined } | { kind: 'elsewhere' } | { kind: 'different' };
  note(answer: Answer): void;
}

const keptMs = 24 * 3600 * 1000;
const keptCount = 10_000;

/** @param now - wall time in ms */
export function makeAnswers(now: () => number = Date.now): Answers {
  const met = new Map<string, { digest: string; atMs: number; isMine: boolean; last: Answer | undefined }>();
  const forget = () => {
    for (const [id, entry] of met) {
      if (met.size <= keptCount && now() - entry.atMs < keptMs) return; // in order of arrival
      met.delete(id);
    }
  };
  return {
    meet(id, verb, request, whose = 'mine') {
      forget();
      const digest = createHash('sha256')
        .update(JSON.stringify([verb, sorted(request)]))
        .digest('hex');
      const before = met.get(id);
      if (before === undefined) {
        if (whose !== 'unclaimed') met.set(id, { digest, atMs: now(), isMine: whose === 'mine', last: undefined });
        return { kind: 'new' };
      }
      if (before.digest !== digest) return { kind: 'different' };
      return before.isMine ? { kind: 'same', last: before.last } : { kind: 'elsewhere' };
    },
    note(answer) {
      const entry = met.get(answer.id);
      if (entry !== undefined) entry.last = answer;
    },
  };
}

/** The same content in the same order, however it was written. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, sorted(entry)]),
  );
}
