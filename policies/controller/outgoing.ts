import type { DraftOf, ParametersOf, TopicName } from '../../broker/contract/topics.ts';

interface OutgoingOf<T extends TopicName> {
  name: T;
  parameters: ParametersOf<T>;
  /** Undefined clears a retained document. */
  message: DraftOf<T> | undefined;
}

/** A message that the controller is to publish. */
export type Outgoing =
  | OutgoingOf<'client'>
  | OutgoingOf<'container'>
  | OutgoingOf<'policyState'>
  | OutgoingOf<'decision'>
  | OutgoingOf<'requestMigrate'>;

/** What stands in the broker, by topic: the text that decides whether a document has changed. */
export type Published = ReadonlyMap<string, string>;

/** The text of a document that decides whether it changed: keys in order, without the moment of publication. */
export function fingerprint(document: object): string {
  const { at: _, ...rest } = document as { at?: unknown };
  return JSON.stringify(rest, (_key, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
