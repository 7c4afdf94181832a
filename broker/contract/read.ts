import type { z } from 'zod';
import { locate } from './address.ts';
import { TagalongError } from './errors.ts';
import { type TopicName, topicTable } from './topics.ts';

/** Requests and documents above this size are refused unread. */
export const maximumMessageBytes = 256 * 1024;

/** The first problem that zod found, as field and sentence. */
export function problemOf(error: z.ZodError): { field: string; problem: string } {
  const issue = error.issues[0];
  const isMissing = issue?.code === 'invalid_type' && issue.message.endsWith('received undefined');
  const problem = isMissing ? 'it is missing' : (issue?.message ?? 'is not valid');
  return { field: issue?.path.join('.') || '(the whole message)', problem };
}

export type Reading =
  /** `message` is undefined where the retained document was cleared. */
  | { parameters: Record<string, string>; message: unknown }
  /** `raw` is the parsed JSON, if it was JSON. */
  | { error: TagalongError; raw: unknown };

function refuse(field: string, problem: string, cause?: unknown, raw?: unknown): Reading {
  return { error: new TagalongError('malformed-request', { field, problem }, cause), raw };
}

/**
 * Reads one payload against the contract. An empty payload is a cleared document.
 *
 * @param name - the row that the topic should belong to
 * @returns the parameters of the topic and the checked message, or `malformed-request` or `payload-too-large` with the field
 */
export function readMessage(site: string, name: TopicName, topic: string, payload: Buffer): Reading {
  const place = locate(site, topic);
  if (place?.name !== name) return refuse('topic', `${topic} is not a topic of the contract`);
  if (payload.length > maximumMessageBytes) {
    const details = { bytes: payload.length, limitBytes: maximumMessageBytes };
    return { error: new TagalongError('payload-too-large', details), raw: undefined };
  }
  if (payload.length === 0 && topicTable[name].retain) return { parameters: place.parameters, message: undefined };
  let raw: unknown;
  try {
    raw = JSON.parse(payload.toString('utf8'));
  } catch (error) {
    return refuse('(the whole message)', 'it is not JSON', error);
  }
  const checked = topicTable[name].schema.safeParse(raw);
  if (checked.success) return { parameters: place.parameters, message: checked.data };
  const { field, problem } = problemOf(checked.error);
  return refuse(field, problem, checked.error, raw);
}
