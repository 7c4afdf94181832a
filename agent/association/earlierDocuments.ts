import type { SiteConnection } from '../../broker/connection.ts';
import type { MessageOf } from '../../broker/contract/topics.ts';
import type { Logger } from '../../host/log.ts';
import type { Speaker } from './documents.ts';

/** The retained client documents that earlier sessions of this node's agent left at the broker. */
export interface EarlierDocuments {
  /** By MAC address. */
  readonly documents: ReadonlyMap<string, MessageOf<'nodeClient'>>;
  stop(): Promise<void>;
}

/** The broker does not say where its retained messages end, but sends them in one go. */
const quietMs = 150;

/**
 * Collects them, and tells of each that comes later than that.
 *
 * @param onLate - called for a document of an earlier session that arrives after this function has resolved
 */
export async function readEarlierDocuments(
  speaker: Speaker,
  connection: SiteConnection,
  onLate: (mac: string) => void,
  log: Logger,
): Promise<EarlierDocuments> {
  const documents = new Map<string, MessageOf<'nodeClient'>>();
  let late = false;
  let heard = () => {};
  const unsubscribe = await connection
    .subscribe('nodeClient', { node: speaker.node }, ({ parameters, message, retained }) => {
      heard();
      if (!retained || message === undefined || message.session === speaker.session) return;
      if (late) onLate(parameters.mac);
      else documents.set(parameters.mac, message);
    })
    .catch((error: unknown) => {
      log.warn({ err: error }, 'client documents of an earlier session cannot be read');
      return undefined;
    });
  if (unsubscribe) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, quietMs);
      heard = () => timer.refresh();
    });
  }
  late = true;
  heard = () => {};
  return {
    documents,
    async stop() {
      await unsubscribe?.();
    },
  };
}
