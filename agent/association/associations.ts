import type { SiteConnection } from '../../broker/connection.ts';
import type { Logger } from '../../host/log.ts';
import { localPrograms, type Programs } from '../../host/programs.ts';
import type { AgentConfiguration } from '../configuration.ts';
import { clientDocument, readingOf, type StationReading } from './documents.ts';
import { readEarlierDocuments } from './earlierDocuments.ts';
import type { ControlEvent } from './events.ts';
import { type Hostapd, openHostapd } from './hostapd.ts';
import { openLeaseFile } from './leaseFile.ts';
import {
  type Change,
  connected,
  disconnected,
  interfaceLost,
  listed,
  nextDueMs,
  nobody,
  type Presence,
  remembered,
  type Step,
  settled,
} from './presence.ts';
import { makePublisher } from './publisher.ts';
import type { Radio } from './radioStatus.ts';
import { watchStaleEntries } from './staleEntries.ts';

export interface AssociationsOptions {
  node: string;
  session: string;
  accessPoint: NonNullable<AgentConfiguration['accessPoint']>;
  connection: SiteConnection;
  log: Logger;
  /** Where hostapd_cli, stdbuf and iw are run; this machine by default. */
  programs?: Programs;
  timing?: Partial<AssociationTiming>;
}

export interface AssociationTiming {
  /** A disconnect followed by a connect at the same interface within this time is one event. */
  debounceMs: number;
  /** How long stations are kept while hostapd is gone. */
  graceMs: number;
  /** How often signal and traffic are read, and missed events made good. */
  pollMs: number;
  /** How long the start waits for a hostapd that is not there yet. */
  startMs: number;
}

const defaultTiming: AssociationTiming = { debounceMs: 300, graceMs: 3000, pollMs: 5000, startMs: 3000 };

/** Who is associated with this access point. */
export interface Associations {
  radios(): Radio[];
  stations(): StationReading[];
  /**
   * Removes the entry of a station at hostapd without a word on the air.
   * @param mac - with hyphens or colons
   */
  forget(mac: string): Promise<void>;
  /** Publishes all documents anew: after the broker was away. */
  republish(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Reads hostapd's control interface and dnsmasq's leases, and publishes who is here.
 *
 * Resolves when the stations that were already there are published, or when hostapd did not answer for a while.
 * From then on it needs no care: it outlives restarts of hostapd and of hostapd_cli.
 */
export async function startAssociations(options: AssociationsOptions): Promise<Associations> {
  const { accessPoint, connection, log } = options;
  const speaker = { node: options.node, session: options.session };
  const timing = { ...defaultTiming, ...options.timing };
  const publisher = makePublisher(speaker, connection, log);
  const leases = openLeaseFile(accessPoint.leaseFile, (macs) => macs.forEach(publish), log);
  const hostapds = accessPoint.interfaces.map((name) =>
    openHostapd(options.programs ?? localPrograms, accessPoint.hostapdControlDirectory, name, log),
  );
  const radios = new Map<string, Radio>();
  const listedOnce = new Set<string>();
  let presence: Presence = nobody;
  let dueTimer: NodeJS.Timeout | undefined;
  let stopped = false;

  function documentOf(mac: string) {
    const station = presence.stations.get(mac);
    return station && clientDocument(speaker, station, radios.get(station.interface), leases.of(mac));
  }
  function publish(mac: string): void {
    const document = stopped ? undefined : documentOf(mac);
    if (document) publisher.document(document);
  }
  function take(step: Step): void {
    if (stopped) return;
    presence = step.presence;
    step.changes.forEach(tell);
    clearTimeout(dueTimer);
    const dueMs = nextDueMs(presence);
    if (dueMs === undefined) return;
    dueTimer = setTimeout(() => take(settled(presence, Date.now())), Math.max(0, dueMs - Date.now()));
  }
  function tell(change: Change): void {
    const { kind, mac } = change;
    if (kind === 'stale') {
      void hostapds.find((hostapd) => hostapd.interface === change.interface)?.remove(mac);
    } else if (kind === 'left') {
      publisher.clear(mac);
      publisher.event('disassociated', mac, change.interface, change.atMs);
    } else {
      publish(mac);
      if (kind === 'arrived') publisher.event('associated', mac, change.interface, change.atMs);
    }
  }

  async function read(hostapd: Hostapd): Promise<void> {
    const askedMs = Date.now();
    const [radio, stations] = await Promise.all([hostapd.radio(), hostapd.list(), leases.read()]);
    const name = hostapd.interface;
    if (radio) radios.set(name, radio);
    // an event may have been faster than the first answer, so that its document lacks the SSID
    for (const station of presence.stations.values()) if (station.interface === name) publish(station.mac);
    if (!stations) return;
    take(
      listed(presence, {
        interface: name,
        stations,
        askedMs,
        atMs: Date.now(),
        waitMs: timing.debounceMs,
        first: !listedOnce.has(name),
        earlierMs: listedOnce.has(name) ? new Map() : earlierAt(name),
      }),
    );
    listedOnce.add(name);
  }
  function earlierAt(interfaceName: string): Map<string, number> {
    const there = [...earlier.documents.values()].filter((document) => document.interface === interfaceName);
    return new Map(there.map((document) => [document.mac, Date.parse(document.since)]));
  }
  function hear(hostapd: Hostapd, event: ControlEvent): void {
    const { interface: name } = hostapd;
    if (event.kind === 'connected') take(connected(presence, name, event.mac, Date.now()));
    else if (event.kind === 'disconnected')
      take(disconnected(presence, name, event.mac, Date.now(), timing.debounceMs));
    else if (event.kind === 'lost') take(interfaceLost(presence, name, Date.now(), timing.graceMs));
    else void read(hostapd);
  }
  /** Listens to one hostapd; `ready` when its stations are read, or when it is known not to be there. */
  function listen(hostapd: Hostapd): { ready: Promise<void>; stop(): Promise<void> } {
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, timing.startMs).unref();
    const listening = hostapd.listen((event) => {
      if (event.kind === 'attached') void read(hostapd).then(resolve);
      else hear(hostapd, event);
      if (event.kind === 'lost') resolve();
    });
    return { ready, stop: listening.stop };
  }
  /** What an earlier session published and is no longer true is taken back; where nobody can tell, it gets a while. */
  function takeBack(): void {
    for (const { mac, interface: name, since } of earlier.documents.values()) {
      if (presence.stations.has(mac)) continue;
      if (listedOnce.has(name) || !accessPoint.interfaces.includes(name)) publisher.clear(mac);
      else take(remembered(presence, { mac, interface: name, sinceMs: Date.parse(since) }, Date.now(), timing.graceMs));
    }
  }
  /** The association as hostapd says it right now. */
  async function freshStation(mac: string) {
    const hostapd = hostapds.find(({ interface: name }) => name === presence.stations.get(mac)?.interface);
    if (hostapd) await read(hostapd);
    return presence.stations.get(mac);
  }
  async function forget(mac: string): Promise<void> {
    const key = mac.toLowerCase().replaceAll(':', '-');
    const hostapd = hostapds.find(({ interface: name }) => name === presence.stations.get(key)?.interface);
    if (!hostapd) return;
    await hostapd.remove(key);
    await read(hostapd); // hostapd announces only what it had itself
  }

  const clearLate = (mac: string) => {
    if (!stopped && !presence.stations.has(mac)) publisher.clear(mac);
  };
  const earlier = await readEarlierDocuments(speaker, connection, clearLate, log);
  const listeners = hostapds.map(listen);
  await Promise.all(listeners.map((listener) => listener.ready));
  takeBack();
  const poll = setInterval(() => hostapds.forEach((hostapd) => void read(hostapd)), timing.pollMs);
  const stale = await watchStaleEntries(
    options.node,
    connection,
    { has: (mac) => presence.stations.has(mac), station: freshStation, remove: forget },
    log,
  );
  await publisher.flush();

  return {
    radios: () => accessPoint.interfaces.map((name) => radios.get(name) ?? { interface: name }),
    stations: () => [...presence.stations.values()].map(readingOf),
    forget,
    republish: () => publisher.republish([...presence.stations.keys()].flatMap((mac) => documentOf(mac) ?? [])),
    async stop() {
      stopped = true;
      clearInterval(poll);
      clearTimeout(dueTimer);
      leases.stop();
      // not flushed: the broker may be away, and the connection's end waits for what it can still take
      await Promise.all([stale.stop(), earlier.stop(), ...listeners.map((listener) => listener.stop())]);
    },
  };
}
