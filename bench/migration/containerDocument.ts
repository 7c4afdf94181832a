import type { SiteConnection } from '../../broker/connection.ts';
import type { MessageOf } from '../../broker/contract/topics.ts';
import { limited } from '../measure/limit.ts';

export type ContainerDocument = MessageOf<'nodeContainer'>;

/**
 * Waits until a container's document is as it should be.
 *
 * @param find - what is wanted of a document, undefined where that is not in it yet
 * @param what - what is waited for, for the error
 * @throws TagalongError `command-failed` after `limitMs`
 */
export async function awaitDocument<T>(
  connection: SiteConnection,
  container: string,
  find: (document: ContainerDocument) => T | undefined,
  limitMs: number,
  what: string,
): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  const unsubscribe = await connection.subscribe('nodeContainer', { name: container }, ({ message }) => {
    const found = message === undefined ? undefined : find(message);
    if (found !== undefined) resolve(found);
  });
  try {
    return await limited(promise, limitMs, what, new AbortController().signal);
  } finally {
    await unsubscribe();
  }
}
