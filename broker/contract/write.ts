import { locate, topicOf } from './address.ts';
import { TagalongError } from './errors.ts';
import { maximumMessageBytes, problemOf } from './read.ts';
import { type DraftOf, type ParametersOf, type TopicName, topicTable } from './topics.ts';

/**
 * One message as it goes to the broker: checked as a reader would check it.
 *
 * @param message - undefined clears a retained document: an empty payload
 * @throws TagalongError `bug` where the topic or the message is not valid, `payload-too-large`
 */
export function writeMessage<T extends TopicName>(
  site: string,
  name: T,
  parameters: ParametersOf<T>,
  message: DraftOf<T> | undefined,
): { topic: string; payload: string } {
  const given = topicOf(site, name, parameters);
  const place = locate(site, given);
  if (place?.name !== name) throw new TagalongError('bug', { problem: `${given} is not a topic of ${name}` });
  // in its one spelling: a MAC address may have been given with capitals or colons
  const topic = topicOf(site, name, place.parameters as ParametersOf<T>);
  if (message === undefined) return { topic, payload: '' };
  const checked = topicTable[name].schema.safeParse(message);
  if (!checked.success) {
    const { field, problem } = problemOf(checked.error);
    const sentence = `the message for ${topic} is wrong: ${field}: ${problem}`;
    throw new TagalongError('bug', { problem: sentence }, checked.error);
  }
  const payload = JSON.stringify(checked.data);
  const bytes = Buffer.byteLength(payload);
  if (bytes > maximumMessageBytes)
    throw new TagalongError('payload-too-large', { bytes, limitBytes: maximumMessageBytes });
  return { topic, payload };
}
