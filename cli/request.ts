import { randomUUID } from 'node:crypto';
import type { SiteConnection } from '../broker/connection.ts';
import { TagalongError } from '../broker/contract/errors.ts';
import type { Response, Verb } from '../broker/contract/requests.ts';
import { type DraftOf, requestTopicOf } from '../broker/contract/topics.ts';
import { AnsweredError } from './answeredError.ts';

type RequestTopic = `request${Capitalize<Verb>}`;

export interface RequestOptions {
  /** How long to wait for the first answer. */
  acceptMs?: number;
  /** How long to wait for the last answer, from the first one on. */
  finishMs?: number;
  /** Called with `accepted`. */
  onAccepted?: (response: Response) => void;
}

const defaultAcceptMs = 5000;
const defaultFinishMs = 120_000;

/** Resolves with the response for which `ends` says so; rejects when a wait is over. */
function makeWaiting(verb: Verb, options: RequestOptions) {
  const { acceptMs = defaultAcceptMs, finishMs = defaultFinishMs } = options;
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const limit = (waitMs: number) =>
    setTimeout(() => reject(new TagalongError('no-answer', { verb, waitMs })), Math.max(1, waitMs));
  let timer: NodeJS.Timeout | undefined;
  return {
    promise,
    begin() {
      timer = limit(acceptMs);
    },
    hear(response: Response) {
      clearTimeout(timer);
      if (response.status === 'accepted') {
        timer = limit(finishMs);
        options.onAccepted?.(response);
      } else if (response.status === 'done') resolve(response);
      else reject(new AnsweredError(errorOf(response), response));
    },
    end: () => clearTimeout(timer),
  };
}

function errorOf(response: Response): NonNullable<Response['error']> {
  if (response.error !== undefined) return response.error;
  const problem = `${response.node} answered ${response.status} without a reason`;
  return new TagalongError('bug', { problem }).report();
}

/**
 * Sends a request and waits for its answers: `accepted` or `rejected` at once, then `done` or `failed`.
 * The response topic is subscribed to before the request is sent, so that no answer is missed.
 *
 * @param body - the request; an id is added where it has none
 * @returns the `done` response
 * @throws AnsweredError where the site rejected it or failed; TagalongError `no-answer` when a wait is over
 */
export async function sendRequest<V extends Verb>(
  connection: SiteConnection,
  verb: V,
  body: DraftOf<`request${Capitalize<V>}` & RequestTopic>,
  options: RequestOptions = {},
): Promise<Response> {
  const request = { ...(body as object), id: (body as { id?: string }).id ?? randomUUID() };
  const waiting = makeWaiting(verb, options);
  waiting.promise.catch(() => undefined); // it is awaited below; this only keeps an early rejection from being unhandled
  const unsubscribe = await connection.subscribe('response', { verb, id: request.id }, ({ message }) => {
    if (message !== undefined) waiting.hear(message);
  });
  try {
    waiting.begin();
    await connection.publish(requestTopicOf(verb), {}, request as DraftOf<RequestTopic>);
    return await waiting.promise;
  } finally {
    waiting.end();
    await unsubscribe();
  }
}
