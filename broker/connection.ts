import type { Socket } from 'node:net';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { z } from 'zod';
import { filterOf, locate, topicOf } from './contract/address.ts';
import { TagalongError } from './contract/errors.ts';
import { type DraftOf, type MessageOf, type ParametersOf, type TopicName, topicTable } from './contract/topics.ts';

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
  /** Published by the broker when this connection is lost. Called anew for each connection. */
  will?: { topic: string; payload: string };
  log: Log;
  /** Wait at most this long for the first connection; later ones are retried for ever. */
  connectTimeoutMs?: number;
}

/** Requests and documents above this size are refused unread. */
export const maximumMessageBytes = 256 * 1024;

/** A connection to the site's broker that speaks the contract: typed topics, checked both ways. */
export interface SiteConnection {
  readonly site: string;
  readonly connected: boolean;
  /**
   * Publishes one message, or clears a retained document with `undefined`.
   * Resolves when the broker has taken it (quality of service 1), or at once for telemetry.
   * @throws TagalongError `bug` where the message does not fit its schema
   */
  publish<T extends TopicName>(
    name: T,
    parameters: ParametersOf<T>,
    message: DraftOf<T> | undefined,
    options?: { retain?: boolean },
  ): Promise<void>;
  /** Hears all messages of a topic; parameters that are not given match anything. Resolves when the broker has agreed. */
  subscribe<T extends TopicName>(
    name: T,
    parameters: Partial<ParametersOf<T>>,
    onMessage: (received: Received<T>) => void,
    onRejected?: (rejected: Rejected) => void,
  ): Promise<() => Promise<void>>;
  /** Called after each later connection, when subscriptions are in place again. Not for the first one. */
  onReconnected(listener: () => void): void;
  onLost(listener: () => void): void;
  close(): Promise<void>;
}

/** The first problem that zod found, as field and sentence. */
export function problemOf(error: z.ZodError): { field: string; problem: string } {
  const issue = error.issues[0];
  return { field: issue?.path.join('.') || '(the whole message)', problem: issue?.message ?? 'is not valid' };
}

function clientOptions(options: ConnectionOptions): IClientOptions {
  return {
    clientId: options.clientId,
    clean: true,
    keepalive: 10,
    // jitter, so that a site does not come back in one instant after the broker's restart
    reconnectPeriod: 500 + Math.floor(Math.random() * 1000),
    connectTimeout: 5000,
    reconnectOnConnackError: true,
    queueQoSZero: false,
    resubscribe: true,
    protocolVersion: 4,
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(options.will === undefined
      ? {}
      : {
          will: {
            topic: options.will.topic,
            payload: Buffer.from(options.will.payload),
            qos: 1 as const,
            retain: true,
          },
        }),
  };
}

/** mqtt.js has no option for it, and a QoS 1 exchange takes 88 ms with Nagle's algorithm on. */
function withoutDelay(client: MqttClient): void {
  client.on('connect', () => {
    (client.stream as Partial<Socket>).setNoDelay?.(true);
  });
}

function open(options: ConnectionOptions): MqttClient {
  const settings = clientOptions(options);
  if (!options.url.startsWith('unix:')) return mqtt.connect(options.url, settings);
  return mqtt.connect({ ...settings, protocol: 'mqtt', unixSocket: true, path: options.url.slice('unix:'.length) });
}

async function firstConnection(client: MqttClient, options: ConnectionOptions): Promise<void> {
  const waitMs = options.connectTimeoutMs ?? 10_000;
  let last: unknown;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      const problem = last instanceof Error ? last.message : `no answer within ${waitMs} ms`;
      reject(new TagalongError('broker-unreachable', { url: options.url, problem }, last));
    }, waitMs);
    client.on('error', (error) => {
      last = error;
      const code = (error as { code?: unknown }).code;
      if (code !== 4 && code !== 5) return; // [MQTT-3.2.2.3] 4: bad user name or password, 5: not authorized
      clearTimeout(timer);
      reject(new TagalongError('not-authorized', { user: options.username ?? options.clientId }, error));
    });
    client.once('connect', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * Connects to the broker of a site.
 * @throws TagalongError `broker-unreachable` or `not-authorized` where the first connection does not come about
 */
export async function connectToSite(options: ConnectionOptions): Promise<SiteConnection> {
  const { site, log } = options;
  const client = open(options);
  withoutDelay(client);
  const routes = new Set<{
    name: TopicName;
    filter: string;
    hear: (topic: string, payload: Buffer, retained: boolean) => void;
  }>();
  client.on('message', (topic, payload, packet) => {
    for (const route of routes) {
      if (!filterMatches(route.filter, topic)) continue;
      try {
        route.hear(topic, payload, packet.retain);
      } catch (error) {
        log.error({ err: error, topic }, 'a listener failed');
      }
    }
  });
  try {
    await firstConnection(client, options);
  } catch (error) {
    await client.endAsync(true);
    throw error;
  }
  client.on('error', (error) => log.warn({ err: error }, 'broker connection'));

  return {
    site,
    get connected() {
      return client.connected;
    },
    async publish(name, parameters, message, publishOptions) {
      const row = topicTable[name];
      const topic = topicOf(site, name, parameters);
      if (locate(site, topic)?.name !== name)
        throw new TagalongError('bug', { problem: `${topic} is not a topic of ${name}` });
      const retain = publishOptions?.retain ?? row.retain;
      if (message === undefined) {
        await client.publishAsync(topic, '', { qos: row.qos, retain });
        return;
      }
      // what is written is checked as it would be read, but sent as it was given: the reader fills in defaults
      const checked = row.schema.safeParse(message);
      if (!checked.success) {
        const { field, problem } = problemOf(checked.error);
        throw new TagalongError(
          'bug',
          { problem: `the message for ${topic} is wrong: ${field}: ${problem}` },
          checked.error,
        );
      }
      if (row.qos === 0 && !client.connected) return;
      await client.publishAsync(topic, JSON.stringify(checked.data), { qos: row.qos, retain });
    },
    async subscribe(name, parameters, onMessage, onRejected) {
      const filter = filterOf(site, name, parameters);
      const route = {
        name,
        filter,
        hear: (topic: string, payload: Buffer, retained: boolean) => {
          const read = readMessage(site, name, topic, payload);
          if ('error' in read) {
            log.warn({ topic, code: read.error.code, ...read.error.details }, read.error.message);
            onRejected?.({ topic, retained, bytes: payload.length, error: read.error, raw: read.raw });
            return;
          }
          onMessage({ ...read, retained, topic } as Received<typeof name>);
        },
      };
      routes.add(route);
      const granted = await client.subscribeAsync(filter, { qos: topicTable[name].qos });
      if (granted.some((grant) => Number(grant.qos) === 0x80)) {
        routes.delete(route);
        throw new TagalongError('not-authorized', { user: options.username ?? options.clientId, topic: filter });
      }
      return async () => {
        routes.delete(route);
        if (![...routes].some((other) => other.filter === filter))
          await client.unsubscribeAsync(filter).catch(() => undefined);
      };
    },
    onReconnected(listener) {
      client.on('connect', listener);
    },
    onLost(listener) {
      client.on('close', listener);
    },
    async close() {
      await client.endAsync(false).catch(() => undefined);
    },
  };
}

/** Reads one payload against the contract. An empty payload is a cleared document. */
export function readMessage(
  site: string,
  name: TopicName,
  topic: string,
  payload: Buffer,
): { parameters: Record<string, string>; message: unknown } | { error: TagalongError; raw: unknown } {
  const place = locate(site, topic);
  if (place?.name !== name) {
    return {
      error: new TagalongError('malformed-request', {
        field: 'topic',
        problem: `${topic} is not a topic of the contract`,
      }),
      raw: undefined,
    };
  }
  if (payload.length > maximumMessageBytes) {
    return {
      error: new TagalongError('payload-too-large', { bytes: payload.length, limitBytes: maximumMessageBytes }),
      raw: undefined,
    };
  }
  if (payload.length === 0 && topicTable[name].retain) return { parameters: place.parameters, message: undefined };
  let raw: unknown;
  try {
    raw = JSON.parse(payload.toString('utf8'));
  } catch (error) {
    return {
      error: new TagalongError('malformed-request', { field: '(the whole message)', problem: 'it is not JSON' }, error),
      raw: undefined,
    };
  }
  const checked = topicTable[name].schema.safeParse(raw);
  if (!checked.success)
    return { error: new TagalongError('malformed-request', problemOf(checked.error), checked.error), raw };
  return { parameters: place.parameters, message: checked.data };
}

function filterMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  return wanted.length === levels.length && wanted.every((part, index) => part === '+' || part === levels[index]);
}
