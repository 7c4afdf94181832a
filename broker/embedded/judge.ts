import { mayPublish } from '../contract/acl.ts';
import { locate } from '../contract/address.ts';
import { TagalongError } from '../contract/errors.ts';
import { readMessage } from '../contract/read.ts';
import { type TopicRow, topicTable } from '../contract/topics.ts';
import type { Identity } from './users.ts';

/** One PUBLISH, or one will. */
export interface Publication {
  topic: string;
  payload: Buffer;
  retain: boolean;
  /** How large the payload was that has been thrown away, if it was too large. */
  oversizeBytes?: number;
}

export type Verdict = { allowed: true; retain: boolean } | { allowed: false; reason: string };

function refuse(error: TagalongError): Verdict {
  return { allowed: false, reason: `${error.code}: ${error.message}` };
}

/**
 * Whether a message goes on, and with which retain flag.
 *
 * Requests are not checked against their schema: agents answer a malformed one themselves, so that its sender hears why.
 *
 * @param limitBytes - named in the reason for a message that was too large
 */
export function judgePublication(
  site: string,
  { role, user }: Identity,
  { topic, payload, retain, oversizeBytes }: Publication,
  limitBytes: number,
): Verdict {
  const place = locate(site, topic);
  if (!place || !mayPublish(role, user, site, topic))
    return refuse(new TagalongError('not-permitted', { user, action: 'publish to', topic }));
  if (oversizeBytes !== undefined)
    return refuse(new TagalongError('payload-too-large', { bytes: oversizeBytes, limitBytes }));
  const row: TopicRow = topicTable[place.name];
  if (place.name.startsWith('request')) {
    // anything that makes a node act would be obeyed again by each agent that subscribes later
    return retain ? refuse(new TagalongError('retained-request')) : { allowed: true, retain: false };
  }
  const read = readMessage(site, place.name, topic, payload);
  if ('error' in read) {
    const { field, problem } = read.error.details;
    return field === undefined
      ? refuse(read.error)
      : { allowed: false, reason: `malformed: ${String(field)}: ${String(problem)}` };
  }
  return { allowed: true, retain: retain && row.retain };
}
