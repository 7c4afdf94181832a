import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt, { type IClientOptions, MqttClient } from 'mqtt';
import { TagalongError } from './contract/errors.ts';
import { type DraftOf, type MessageOf, type ParametersOf, type TopicName, topicTable } from './contract/topics.ts';
import { writeMessage } from './contract/write.ts';
import { makeOutbox } from './outbox.ts';
import { makeRoutes, type Route } from './routes.ts';

export { maximumMessageBytes, problemOf, readMessage } from './contract/read.ts';

/** The few methods of a logger that this folder uses; pino's fit. */
export interface Log {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** One message that passed the check of its schema. */
export interface Received<T extends TopicName> {
  parameters: ParametersOf<T>;
  /** Undefined where the retained document was cleared (an empty payload). */
  message: MessageOf<T> | undefined;
  retained: boolean;
  topic: string;
}

/** One message that did not pass: what was wrong, and what could still be read of it. */
export interface Rejected {
  topic: string;
  retained: boolean;
  bytes: number;
  error: TagalongError;
  /** The parsed JSON, if it was JSON. */
  raw: unknown;
}

export interface ConnectionOptions {
  /** `mqtt://host:port`, `ws://host:port`, `mqtts://…`, or `unix:/path/of/a/socket`. */
  url: string;
  site: string;
  clientId: string;
  username?: string;
  password?: string;
  /** Published, retained, by the broker when this connection is lost without a farewell. */
  will?: { topic: string; payload: string };
  log: Log;
  /** Wait at most this long for the first connection; later ones are retried for ever. */
  connectTimeoutMs?: number;
  /** Gives each connection its stream in the place of the `url`: the embedded broker's `openStream`, without a port. */
  openStream?: () => Duplex;
}

/** A connection to the site's broker that speaks the contract: typed topics, checked both ways. */
export interface SiteConnection {
  readonly site: string;
  readonly connected: boolean;
  /**
   * Publishes one message, or clears a retained document with `undefined`.
   *
   * Resolves when the broker has taken it (quality of service 1), or at once for telemetry. While the broker is away
   * messages wait, and telemetry is dropped: of a retained document the newest alone (the earlier calls resolve with it), of
   * the rest at most {@link maximumWaitingMessages}, the oldest being dropped with a warning (its call resolves).
   * @throws TagalongError `bug` where the message does not fit its schema, `payload-too-large`, or `broker-unreachable`
   * where this connection is closed before the broker has taken it
   */
  publish<T extends TopicName>(
    name: T,
    parameters: ParametersOf<T>,
    message: DraftOf<T> | undefined,
    options?: { retain?: boolean },
  ): Promise<void>;
  /**
   * Hears all messages of a topic; parameters that are not given match anything. Resolves when the broker has agreed, with
   * the function that ends it. Listeners that throw are logged.
   * @throws TagalongError `not-permitted` where the broker refuses
   */
  subscribe<T extends TopicName>(
    name: T,
    parameters: Partial<ParametersOf<T>>,
    onMessage: (received: Received<T>) => void,
    onRejected?: (rejected: Rejected) => void,
  ): Promise<() => Promise<void>>;
  /** Called after each later connection, when subscriptions are in place again. Not for the first one. */
  onReconnected(listener: () => void): void;
  /** Called once for each loss. */
  onLost(listener: () => void): void;
  /** Takes leave, so that the will is not published; waits a moment for what the broker has not yet taken. */
  close(): Promise<void>;
}

/** So many messages wait for a broker that is away. */
export const maximumWaitingMessages = 1000;
const maximumInFlight = 100;
/** Telemetry is dropped while more than this waits for the network. */
const maximumStalledBytes = 1024 * 1024;
const farewellMs = 2000;
const keepaliveSeconds = 10;

function clientOptions(options: ConnectionOptions): IClientOptions {
  const { clientId, username, password, will } = options;
  return {
    clientId,
    clean: true,
    keepalive: keepaliveSeconds,
    // jitter, so that a site does not come back in one instant after the broker's restart
    reconnectPeriod: 500 + Math.floor(Math.random() * 1000),
    connectTimeout: 5000,
    reconnectOnConnackError: true,
    queueQoSZero: false,
    resubscribe: false, // done here, to know when all subscriptions are in place
    protocolVersion: 4,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(will && { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1 as const, retain: true } }),
  };
}

function open(options: ConnectionOptions): MqttClient {
  const settings = clientOptions(options);
  const { url, openStream } = options;
  if (openStream) {
    const client = new MqttClient(() => openStream(), settings);
    client.on('error', () => undefined); // as mqtt.connect does
    return client;
  }
  if (!url.startsWith('unix:')) return mqtt.connect(url, settings);
  return mqtt.connect({ ...settings, protocol: 'mqtt', unixSocket: true, path: url.slice('unix:'.length) });
}

/** [MQTT-3.2.2.3] 2: identifier rejected, 4: bad user name or password, 5: not authorized. */
const refusals: readonly unknown[] = [2, 4, 5];

async function firstConnection(client: MqttClient, options: ConnectionOptions): Promise<void> {
  const waitMs = options.connectTimeoutMs ?? 10_000;
  const outcome = Promise.withResolvers<void>();
  let last: unknown;
  const timer = setTimeout(() => {
    const problem = last instanceof Error ? last.message || String(last) : `no answer within ${waitMs} ms`;
    outcome.reject(new TagalongError('broker-unreachable', { url: options.url, problem }, last));
  }, waitMs);
  const onError = (error: Error & { code?: unknown }) => {
    last = error;
    if (refusals.includes(error.code))
      outcome.reject(new TagalongError('not-authorized', { user: options.username ?? options.clientId }, error));
  };
  const onConnect = () => outcome.resolve();
  client.on('error', onError);
  client.once('connect', onConnect);
  try {
    await outcome.promise;
  } finally {
    clearTimeout(timer);
    client.off('error', onError);
    client.off('connect', onConnect);
  }
}

/** [MQTT-3.9.3-2] The return code 0x80 of a SUBACK. */
function isRefused(error: unknown): boolean {
  const { packet } = error as { packet?: { granted?: unknown[] } };
  return packet?.granted?.includes(0x80) === true;
}

/** Takes leave of the broker; gives up where it does not answer, as mqtt.js would wait for ever. */
async function farewell(client: MqttClient, idle: Promise<void>): Promise<void> {
  const giveUp = new AbortController();
  const late = delay(farewellMs, undefined, { signal: giveUp.signal }).catch(() => undefined);
  if (client.connected) await Promise.race([idle, late]);
  await Promise.race([client.endAsync(!client.connected).catch(() => undefined), late]);
  giveUp.abort();
  client.stream.destroy();
}

/**
 * Connects to the broker of a site.
 * @throws TagalongError `broker-unreachable` or `not-authorized` where the first connection does not come about
 */
export async function connectToSite(options: ConnectionOptions): Promise<SiteConnection> {
  const { site, log } = options;
  const user = options.username ?? options.clientId;
  const client = open(options);
  const routes = makeRoutes(site, log);
  const lostListeners = new Set<() => void>();
  const reconnectedListeners = new Set<() => void>();
  let ready = Promise.withResolvers<void>();
  let isReady = false;
  let isClosed = false;

  const outbox = makeOutbox({
    send: async ({ topic, payload, qos, retain }) => {
      await client.publishAsync(topic, payload, { qos, retain });
    },
    maximumWaiting: maximumWaitingMessages,
    maximumInFlight,
    onDropped: ({ topic }) => log.warn({ topic }, 'too many messages wait for the broker; dropped the oldest'),
  });

  function notify(listeners: Iterable<() => void>): void {
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        log.error({ err: error }, 'a listener failed');
      }
    }
  }

  /** @returns whether the connection lasted */
  async function subscribeAgain(): Promise<boolean> {
    const stream = client.stream;
    const restoring = [...routes.filters()].map(async ([filter, name]) => {
      try {
        await client.subscribeAsync(filter, { qos: topicTable[name].qos });
      } catch (error) {
        if (isRefused(error)) log.error({ filter }, 'the broker no longer allows this subscription');
      }
    });
    await Promise.all(restoring);
    return client.connected && client.stream === stream;
  }

  async function onConnected(isFirst: boolean): Promise<void> {
    // mqtt.js has no option for it, and a QoS 1 exchange takes 88 ms with Nagle's algorithm on
    (client.stream as Partial<Socket>).setNoDelay?.(true);
    if (!isFirst && !(await subscribeAgain())) return;
    isReady = true;
    ready.resolve();
    // mqtt.js has by now sent again what was under way, so the order of letters is kept
    outbox.open();
    if (!isFirst) notify(reconnectedListeners);
  }

  function onClosed(): void {
    outbox.pause();
    if (!isReady) return;
    isReady = false;
    ready = Promise.withResolvers<void>();
    if (!isClosed) notify(lostListeners);
  }

  /** The broker is asked for every listener, also where the filter is known, as a new one wants the retained documents. */
  async function askFor(route: Route): Promise<void> {
    await ready.promise;
    try {
      await client.subscribeAsync(route.filter, { qos: topicTable[route.name].qos });
    } catch (error) {
      if (isRefused(error))
        throw new TagalongError('not-permitted', { user, action: 'subscribe to', topic: route.filter }, error);
      if (isClosed) throw new TagalongError('broker-unreachable', { url: options.url, problem: 'closed' }, error);
      await ready.promise; // lost in between: it is subscribed with all others at the next connection
    }
  }

  client.on('message', (topic, payload, packet) => routes.dispatch(topic, payload, packet.retain));
  client.on('close', onClosed);
  try {
    await firstConnection(client, options);
  } catch (error) {
    await client.endAsync(true);
    throw error;
  }
  client.on('error', (error) => log.warn({ err: error }, 'broker connection'));
  client.on('connect', () => void onConnected(false));
  if (client.connected) await onConnected(true);

  return {
    site,
    get connected() {
      return isReady;
    },
    async publish(name, parameters, message, publishOptions) {
      const { topic, payload } = writeMessage(site, name, parameters, message);
      const row = topicTable[name];
      const retain = publishOptions?.retain ?? row.retain;
      if (row.qos === 1) return outbox.post({ topic, payload, qos: row.qos, retain });
      if (isReady && client.stream.writableLength < maximumStalledBytes) client.publish(topic, payload, { retain });
    },
    async subscribe(name, parameters, onMessage, onRejected) {
      const route = routes.add(name, parameters, onMessage, onRejected);
      try {
        await askFor(route);
      } catch (error) {
        routes.remove(route);
        throw error;
      }
      return async () => {
        routes.remove(route);
        if (isReady && !routes.filters().has(route.filter))
          await client.unsubscribeAsync(route.filter).catch(() => undefined);
      };
    },
    onReconnected(listener) {
      reconnectedListeners.add(listener);
    },
    onLost(listener) {
      lostListeners.add(listener);
    },
    async close() {
      isClosed = true;
      await farewell(client, outbox.idle());
      outbox.close(new TagalongError('broker-unreachable', { url: options.url, problem: 'the connection was closed' }));
    },
  };
}
