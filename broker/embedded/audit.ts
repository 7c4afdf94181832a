import type { z } from 'zod';
import { topicOf } from '../contract/address.ts';
import type { auditSchema } from '../contract/documents.ts';

type Audit = z.output<typeof auditSchema>;

/** Longer topics are cut in an audit: a client chooses them. */
const maximumTopicCharacters = 512;

/** What the broker says on `audit/{user}` when it did not let something through. */
export function auditMessage(
  site: string,
  audit: Omit<Audit, 'at'> & { user: string },
): { topic: string; payload: Buffer } {
  const { user, ...entry } = audit;
  const document: Audit = {
    ...entry,
    at: new Date().toISOString(),
    topic: entry.topic.slice(0, maximumTopicCharacters),
  };
  return { topic: topicOf(site, 'audit', { user }), payload: Buffer.from(JSON.stringify(document)) };
}
