import { randomUUID } from 'node:crypto';
import type { Log, Rejected, SiteConnection } from '../../broker/connection.ts';
import { reportOf, TagalongError } from '../../broker/contract/errors.ts';
import { idSchema, requestIdSchema } from '../../broker/contract/ids.ts';
import { type RequestOf, type Verb, verbs } from '../../broker/contract/requests.ts';
import { requestTopicOf } from '../../broker/contract/topics.ts';
import { type Addressee, addresseeOf, isSpokesman, type Own, type Subject } from './addressee.ts';
import { type Answer, makeAnswers } from './answers.ts';
import type { SiteView } from './siteView.ts';

/** What a verb's work comes to. `later` resolves when an accepted request has been carried out. */
export interface Obedience {
  result?: Record<string, unknown>;
  migration?: string;
  later?: Promise<Record<string, unknown>>;
}

/** How each verb is obeyed by the node that it concerns. @throws TagalongError where it is refused */
export type Handlers = { [V in Verb]: (request: RequestOf<V>) => Promise<Obedience> };

/** An error with every reason why, the first of which it stands for. */
export class BlockedError extends TagalongError {
  readonly reasons: readonly TagalongError[];

  constructor(reasons: readonly [TagalongError, ...TagalongError[]]) {
    super(reasons[0].code, reasons[0].details, reasons[0]);
    this.reasons = reasons;
  }
}

export interface DispatchOptions {
  connection: SiteConnection;
  site: SiteView;
  own: Own;
  handlers: Handlers;
  log: Log;
}

/** Hears the requests of the site and answers those that concern this node. */
export async function dispatchRequests(options: DispatchOptions): Promise<void> {
  const { connection, site, own, handlers, log } = options;
  const answers = makeAnswers();

  async function say(answer: Omit<Answer, 'node' | 'at'>): Promise<void> {
    const whole: Answer = { ...answer, node: own.node, at: new Date().toISOString() };
    answers.note(whole);
    await connection.publish('response', { verb: answer.verb, id: answer.id }, whole);
  }

  function refuse(verb: Verb, id: string, error: unknown): Promise<void> {
    const blockedReasons = error instanceof BlockedError ? error.reasons.map((reason) => reason.report()) : undefined;
    return say({
      id,
      verb,
      status: 'rejected',
      error: reportOf(error),
      ...(blockedReasons === undefined ? {} : { blockedReasons }),
    });
  }

  async function obey<V extends Verb>(verb: V, id: string, request: RequestOf<V>): Promise<void> {
    let obedience: Obedience;
    try {
      obedience = await handlers[verb]({ ...request, id });
    } catch (error) {
      if (!(error instanceof TagalongError)) log.error({ err: error, verb, id }, 'a request failed');
      await refuse(verb, id, error);
      return;
    }
    const { result, migration, later } = obedience;
    const common = { id, verb, ...(migration === undefined ? {} : { migration }) };
    if (later === undefined) {
      await say({ ...common, status: 'done', ...(result === undefined ? {} : { result }) });
      return;
    }
    const [, outcome] = await Promise.all([
      say({ ...common, status: 'accepted', ...(result === undefined ? {} : { result }) }),
      later.then(
        (value) => ({ status: 'done' as const, result: value }),
        (error: unknown) => ({ status: 'failed' as const, error: reportOf(error) }),
      ),
    ]);
    await say({ ...common, ...outcome });
  }

  async function hear<V extends Verb>(verb: V, request: RequestOf<V>, retained: boolean): Promise<void> {
    if (retained) {
      log.warn({ verb }, 'a retained request was dropped');
      return;
    }
    const addressee: Addressee = addresseeOf(subjectOf(request), own, site);
    const id = request.id ?? randomUUID();
    const { id: _, ...content } = request;
    const meeting = answers.meet(id, verb, content, whoseIs(addressee));
    if (meeting.kind === 'same') {
      if (meeting.last !== undefined) await connection.publish('response', { verb, id }, meeting.last);
      return;
    }
    if (meeting.kind === 'elsewhere' || addressee.kind === 'other') return;
    if (meeting.kind === 'different') return refuseReused(verb, id);
    if (addressee.kind === 'refuse') return refuse(verb, id, addressee.error);
    const { expiresAt } = request;
    if (expiresAt !== undefined && Date.parse(expiresAt) < Date.now())
      return refuse(verb, id, new TagalongError('expired-request', { expiresAt }));
    await obey(verb, id, request);
  }

  /** Not noted: the answer that was given to the first request stands. */
  function refuseReused(verb: Verb, id: string): Promise<void> {
    const error = new TagalongError('id-reused', { id }).report();
    return connection.publish(
      'response',
      { verb, id },
      { id, verb, status: 'rejected', node: own.node, at: new Date().toISOString(), error },
    );
  }

  /** A request that does not fit its schema is answered by whom it names, if that can be told, or else by the spokesman. */
  async function hearWrong(verb: Verb, { raw, retained, error }: Rejected): Promise<void> {
    if (retained) return;
    const named = subjectOf(loosely(raw));
    const known = named.container !== undefined || named.node !== undefined || named.migration !== undefined;
    const addressee = known ? addresseeOf(named, own, site) : undefined;
    if (addressee === undefined ? !isSpokesman(own, site) : addressee.kind === 'other') return;
    const id = requestIdSchema.safeParse((raw as { id?: unknown } | undefined)?.id);
    await refuse(verb, id.success ? id.data : randomUUID(), error);
  }

  const guarded = (verb: Verb, work: Promise<void>) => {
    work.catch((error: unknown) => log.error({ err: error, verb }, 'a request could not be answered'));
  };
  const listen = <V extends Verb>(verb: V) =>
    connection.subscribe(
      requestTopicOf(verb),
      {},
      ({ message, retained }) => {
        // the subscription's schema is that of this very verb
        if (message !== undefined) guarded(verb, hear(verb, message as RequestOf<V>, retained));
      },
      (rejected) => guarded(verb, hearWrong(verb, rejected)),
    );
  await Promise.all(verbs.map(listen));
}

/** The names in something that should have been a request. */
function loosely(raw: unknown): Subject {
  const source = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>;
  const name = (key: string) => idSchema.safeParse(source[key]).data;
  return {
    container: name('container'),
    node: name('node'),
    migration: requestIdSchema.safeParse(source['migration']).data,
  };
}

function whoseIs(addressee: Addressee): 'mine' | 'elsewhere' | 'unclaimed' {
  if (addressee.kind !== 'other') return 'mine';
  return addressee.owner === undefined ? 'unclaimed' : 'elsewhere';
}

function subjectOf(request: Subject): Subject {
  return { container: request.container, node: request.node, migration: request.migration };
}
