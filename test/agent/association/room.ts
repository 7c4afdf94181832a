import type { ExecutionContext } from 'ava';
import {
  type Associations,
  type AssociationTiming,
  startAssociations,
} from '../../../agent/association/associations.ts';
import { connectToSite, type SiteConnection } from '../../../broker/connection.ts';
import type { DraftOf, MessageOf } from '../../../broker/contract/topics.ts';
import { startBroker } from '../../../broker/embedded/broker.ts';
import { makeLog } from '../../../host/log.ts';
import type { HostapdRoom } from './hostapdRoom.ts';

type ClientDocument = MessageOf<'nodeClient'>;
type ClientEvent = MessageOf<'nodeClientEvent'>;

/** What a consumer of the site sees, and a way to wait for it. */
export interface Watch {
  documents: Map<string, ClientDocument>;
  events: ClientEvent[];
  /** All messages in the order in which they came. */
  story: string[];
  /** Resolves when the condition holds, at once or after one of the next messages. */
  until(condition: () => boolean): Promise<void>;
}

export interface Site {
  watch: Watch;
  /** Starts the part of the agent that is tested, with a connection of its own. */
  start(
    session: string,
    interfaces: readonly string[],
    timing?: Partial<AssociationTiming>,
  ): Promise<{ associations: Associations; end(): Promise<void> }>;
  /** Publishes what the controller would say of a client. */
  fuse(record: DraftOf<'client'>): Promise<void>;
  /** Takes the broker away. */
  endBroker(): Promise<void>;
}

const node = 'ap1';

async function watchClients(connection: SiteConnection): Promise<Watch> {
  const documents = new Map<string, ClientDocument>();
  const events: ClientEvent[] = [];
  const story: string[] = [];
  const waiting = new Set<() => void>();
  const told = (line: string) => {
    story.push(line);
    for (const check of waiting) check();
  };
  await connection.subscribe('nodeClient', {}, ({ parameters: { mac }, message }) => {
    if (message) documents.set(mac, message);
    else documents.delete(mac);
    told(message ? `document ${mac}` : `clear ${mac}`);
  });
  await connection.subscribe('nodeClientEvent', {}, ({ message }) => {
    if (message) events.push(message);
    told(`${message?.event} ${message?.mac}`);
  });
  return {
    documents,
    events,
    story,
    until: (condition) =>
      new Promise((resolve) => {
        const check = () => {
          if (!condition()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}

/** A real broker with real access rights, a viewer, and a controller that only says what a test tells it. */
export async function siteWith(t: ExecutionContext, room: HostapdRoom): Promise<Site> {
  const log = makeLog('test', 'silent');
  const users = [
    { name: node, role: 'node' as const, password: 'n' },
    { name: 'viewer', role: 'viewer' as const, password: 'v' },
    { name: 'controller', role: 'controller' as const, password: 'c' },
  ];
  const broker = await startBroker({ listeners: { mqtt: { port: 0 } }, users }, log);
  const endings: (() => Promise<unknown>)[] = [];
  t.teardown(async () => {
    for (const end of endings.toReversed()) await end();
    await broker.close();
  });
  const connect = async (name: string, password: string) => {
    const url = broker.urls.mqtt ?? '';
    const connection = await connectToSite({ url, site: 'default', clientId: name, username: name, password, log });
    endings.push(() => connection.close());
    return connection;
  };
  const controller = await connect('controller', 'c');
  return {
    watch: await watchClients(await connect('viewer', 'v')),
    fuse: (record) => controller.publish('client', { mac: record.mac }, record),
    endBroker: () => broker.close(),
    async start(session, interfaces, timing = {}) {
      const connection = await connect(node, 'n');
      const associations = await startAssociations({
        node,
        session,
        connection,
        log,
        programs: room.programs,
        timing: { startMs: 60_000, ...timing },
        accessPoint: {
          interfaces: [...interfaces],
          hostapdControlDirectory: '/run/hostapd',
          leaseFile: room.leaseFile,
        },
      });
      let ended = false;
      const end = async () => {
        if (ended) return;
        ended = true;
        await associations.stop();
        await connection.close();
      };
      endings.push(end);
      return { associations, end };
    },
  };
}
