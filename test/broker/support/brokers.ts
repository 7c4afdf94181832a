import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBroker } from '../../../broker/embedded/broker.ts';
import { freePort } from './freePort.ts';
import { startMosquitto } from './mosquitto.ts';
import { site, usersWithPasswords } from './people.ts';
import { makeSilentLog } from './silentLog.ts';

/** A broker as the end-to-end tests see it. */
export interface BrokerUnderTest {
  url: string;
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** One way to run a site's broker, and what it can do beyond MQTT itself. */
export interface BrokerKind {
  name: string;
  start(): Promise<BrokerUnderTest>;
  /** Says on the audit topic what it did not let through, and checks documents. */
  audits: boolean;
  /** Answers a subscription or a will that is not allowed; others drop the messages when they come. */
  refusesAtOnce: boolean;
  /** Retained documents survive a restart. */
  durable: boolean;
}

async function startEmbedded(persistenceDirectory?: string): Promise<BrokerUnderTest> {
  const log = makeSilentLog();
  const settings = { site, users: usersWithPasswords(), ...(persistenceDirectory && { persistenceDirectory }) };
  const listeners = { mqtt: { port: await freePort() } };
  let broker = await startBroker({ ...settings, listeners }, log);
  return {
    url: broker.urls.mqtt ?? '',
    async restart() {
      await broker.close();
      broker = await startBroker({ ...settings, listeners }, log);
    },
    close: () => broker.close(),
  };
}

async function startDurable(): Promise<BrokerUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), 'tagalong-broker-'));
  const broker = await startEmbedded(directory);
  return {
    ...broker,
    async close() {
      await broker.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Every broker that a site is known to work with. */
export const brokerKinds: BrokerKind[] = [
  {
    name: 'embedded, in memory',
    start: () => startEmbedded(),
    audits: true,
    refusesAtOnce: true,
    durable: false,
  },
  { name: 'embedded, durable', start: startDurable, audits: true, refusesAtOnce: true, durable: true },
  { name: 'Mosquitto', start: startMosquitto, audits: false, refusesAtOnce: false, durable: true },
];
