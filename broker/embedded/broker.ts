import { randomBytes } from 'node:crypto';
import { type Duplex, duplexPair } from 'node:stream';
import { Aedes, type Client } from 'aedes';
import type { Log } from '../connection.ts';
import { TagalongError } from '../contract/errors.ts';
import { problemOf } from '../contract/read.ts';
import { type BrokerConfiguration, type BrokerConfigurationDraft, brokerConfigurationSchema } from './configuration.ts';
import { makeGate } from './gate.ts';
import { guardStream } from './guardedStream.ts';
import { type Listener, openListeners } from './listeners.ts';
import { keepLiveWills } from './liveWills.ts';
import { makeOversizeMarker, makePacketSizeLimit } from './packetSizeLimit.ts';
import { openPersistence } from './persistence.ts';
import type { RetainedStore } from './retainedDocuments.ts';
import { readUsers } from './users.ts';

export interface RunningBroker {
  /** As connectToSite takes them; the real port stands in them where 0 was asked for. */
  urls: { mqtt?: string; ws?: string; unix?: string };
  /** A connection from within this process, for connectToSite's `openStream`: no port is needed. */
  openStream(): Duplex;
  /** Cuts all connections and closes the store. */
  close(): Promise<void>;
}

function check(draft: BrokerConfigurationDraft): BrokerConfiguration {
  const checked = brokerConfigurationSchema.safeParse(draft);
  if (checked.success) return checked.data;
  throw new TagalongError('bad-configuration', { file: 'broker', ...problemOf(checked.error) }, checked.error);
}

function aedesOptions(configuration: BrokerConfiguration) {
  return {
    // its id stays random: with a fixed one the wills of a killed broker would never be published
    heartbeatInterval: configuration.heartbeatMs,
    connectTimeout: 10_000,
    drainTimeout: configuration.drainTimeoutMs,
    maxTopicLevels: 16,
    maxInflightInbound: 50,
    maxClientsIdLength: 128,
  };
}

/**
 * Starts the embedded broker.
 *
 * @param draft - see {@link brokerConfigurationSchema}
 * @throws TagalongError `bad-configuration` where a field is wrong, a port is taken or the store cannot be opened
 */
export async function startBroker(draft: BrokerConfigurationDraft, log: Log): Promise<RunningBroker> {
  const configuration = check(draft);
  const users = await readUsers(configuration);
  const persistence = await openPersistence(configuration.persistenceDirectory, log);
  const marker = makeOversizeMarker(randomBytes(32));
  const { documents } = persistence;
  const gate = makeGate({ configuration, users, marker, documents, broker: () => aedes, log });
  const aedes = new Aedes({
    ...aedesOptions(configuration),
    ...gate.hooks,
    ...(persistence.store === undefined ? {} : { persistence: persistence.store }),
  });
  // aedes raises the failures of its store here; without a listener they would end the process
  aedes.on('error' as 'closed', ((error: unknown) => log.error({ err: error }, 'broker')) as () => void);
  aedes.on('clientError', (client, error) => log.info({ client: client.id, reason: error.message }, 'client lost'));
  aedes.on('connectionError', (_, error) => log.info({ reason: error.message }, 'connection lost'));
  await aedes.listen();
  // listen() has made the store where none was given
  Object.assign((aedes as unknown as { persistence: RetainedStore }).persistence, documents);
  keepLiveWills(aedes);

  const streams = new Set<Duplex>();
  function accept(source: Duplex): void {
    const guarded = guardStream(source, {
      packetSize: makePacketSizeLimit(configuration.maximumPacketBytes, marker),
      maximumQueuedBytes: configuration.maximumQueuedBytes,
      drainTimeoutMs: configuration.drainTimeoutMs,
      onFault: (reason) => gate.reportCut(client, reason),
    });
    streams.add(guarded);
    guarded.once('close', () => streams.delete(guarded));
    const client: Client = aedes.handle(guarded);
  }

  async function closeAll(listeners: readonly Listener[]): Promise<void> {
    const closing = listeners.map((listener) => listener.close());
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    for (const stream of streams) stream.destroy(); // those who had not said who they are
    await Promise.all(closing);
    await persistence.close();
  }

  try {
    const listeners = await openListeners(configuration, accept);
    const { mqtt, ws, unix } = listeners;
    return {
      urls: { ...(mqtt && { mqtt: mqtt.url }), ...(ws && { ws: ws.url }), ...(unix && { unix: unix.url }) },
      openStream() {
        const [near, far] = duplexPair();
        // unlike the ends of a socket, neither of a pair hears of the other's end
        near.once('close', () => far.destroy());
        far.once('close', () => near.destroy());
        accept(far);
        return near;
      },
      close: () => closeAll(Object.values(listeners)),
    };
  } catch (error) {
    await closeAll([]);
    throw error;
  }
}
