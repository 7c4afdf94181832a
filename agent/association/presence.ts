import type { ListedStation } from './stationList.ts';

/** One station that is associated with this access point. Moments are milliseconds since 1970. */
export interface Station {
  mac: string;
  interface: string;
  sinceMs: number;
  /** What was last listed of it. */
  reading: ListedStation;
}

/** A station that seems to have gone, but may be back before `dueMs`. */
interface Departure {
  atMs: number;
  dueMs: number;
}

/** Who is associated with this access point. A value: the functions of this file return a new one. */
export interface Presence {
  readonly stations: ReadonlyMap<string, Station>;
  readonly departures: ReadonlyMap<string, Departure>;
  /** When hostapd last spoke of a station: an older list knows less. */
  readonly heardMs: ReadonlyMap<string, number>;
}

export type Change =
  | { kind: 'arrived' | 'left'; mac: string; interface: string; atMs: number }
  /** Found in a list, not news: its document is published, but no event. */
  | { kind: 'found'; mac: string }
  | { kind: 'reading'; mac: string }
  /** This interface still has an entry of a station that is at another one of this node. */
  | { kind: 'stale'; mac: string; interface: string };

export interface Step {
  presence: Presence;
  changes: Change[];
}

export const nobody: Presence = { stations: new Map(), departures: new Map(), heardMs: new Map() };

/** `connected_time` counts whole seconds, so that a moment computed from it is this inexact. */
const connectedTimeToleranceMs = 3000;
const heardForMs = 60_000;

interface Draft {
  stations: Map<string, Station>;
  departures: Map<string, Departure>;
  heardMs: Map<string, number>;
  changes: Change[];
}

function change(presence: Presence, edit: (draft: Draft) => void): Step {
  const draft: Draft = {
    stations: new Map(presence.stations),
    departures: new Map(presence.departures),
    heardMs: new Map(presence.heardMs),
    changes: [],
  };
  edit(draft);
  const { changes, ...next } = draft;
  return { presence: next, changes };
}

function arrive(draft: Draft, mac: string, interfaceName: string, atMs: number): void {
  draft.departures.delete(mac);
  draft.stations.set(mac, { mac, interface: interfaceName, sinceMs: atMs, reading: { mac } });
  draft.changes.push({ kind: 'arrived', mac, interface: interfaceName, atMs });
}

/** hostapd said AP-STA-CONNECTED. A departure that was pending is thereby forgotten: one event, a new `since`. */
export function connected(presence: Presence, interfaceName: string, mac: string, atMs: number): Step {
  return change(presence, (draft) => {
    const before = draft.stations.get(mac);
    const stillThere = before && before.interface !== interfaceName && !draft.departures.has(mac);
    draft.heardMs.set(mac, atMs);
    arrive(draft, mac, interfaceName, atMs);
    if (stillThere) draft.changes.push({ kind: 'stale', mac, interface: before.interface });
  });
}

/** hostapd said AP-STA-DISCONNECTED: true only when no connect follows within `waitMs`, and only where the station is. */
export function disconnected(
  presence: Presence,
  interfaceName: string,
  mac: string,
  atMs: number,
  waitMs: number,
): Step {
  return change(presence, (draft) => {
    if (draft.stations.get(mac)?.interface !== interfaceName) return;
    draft.heardMs.set(mac, atMs);
    draft.departures.set(mac, { atMs, dueMs: atMs + waitMs });
  });
}

/** hostapd is gone: its stations, and those that it said goodbye to a moment ago, are kept for `graceMs`. */
export function interfaceLost(presence: Presence, interfaceName: string, atMs: number, graceMs: number): Step {
  return change(presence, (draft) => {
    for (const station of draft.stations.values()) {
      if (station.interface !== interfaceName) continue;
      const departure = draft.departures.get(station.mac);
      draft.departures.set(station.mac, { atMs: departure?.atMs ?? atMs, dueMs: atMs + graceMs });
    }
  });
}

export interface Listing {
  interface: string;
  stations: readonly ListedStation[];
  /** When the list was asked for, and when it came. */
  askedMs: number;
  atMs: number;
  /** How long a station that is missing in the list is kept. */
  waitMs: number;
  /** The first list since the start of the agent: what is in it is no news. */
  first: boolean;
  /** Since when an earlier session of the agent had seen a station at this interface. */
  earlierMs: ReadonlyMap<string, number>;
}

/** hostapd's station list was read: it corrects what events did not tell. */
export function listed(presence: Presence, listing: Listing): Step {
  return change(presence, (draft) => {
    const listedMacs = new Set(listing.stations.map((station) => station.mac));
    for (const entry of listing.stations) {
      if (isNewerThanList(draft, entry.mac, listing)) {
        if (draft.stations.get(entry.mac)?.interface === listing.interface) read(draft, entry);
        continue;
      }
      place(draft, entry, listing);
    }
    for (const station of presence.stations.values()) {
      if (station.interface !== listing.interface || listedMacs.has(station.mac)) continue;
      if (isNewerThanList(draft, station.mac, listing) || draft.departures.has(station.mac)) continue;
      draft.departures.set(station.mac, { atMs: listing.atMs, dueMs: listing.atMs + listing.waitMs });
    }
  });
}

function isNewerThanList(draft: Draft, mac: string, listing: Listing): boolean {
  return (draft.heardMs.get(mac) ?? -1) >= listing.askedMs;
}

/** Since when the radio says that the station is associated; undefined where it does not say it. */
function associatedMs(entry: ListedStation, listing: Listing): number | undefined {
  return entry.connectedSeconds === undefined ? undefined : listing.atMs - entry.connectedSeconds * 1000;
}

function place(draft: Draft, entry: ListedStation, listing: Listing): void {
  const station = draft.stations.get(entry.mac);
  const sinceMs = associatedMs(entry, listing);
  if (!station) {
    find(draft, entry, listing);
  } else if (sinceMs !== undefined && sinceMs > station.sinceMs + connectedTimeToleranceMs) {
    arrive(draft, entry.mac, listing.interface, sinceMs); // a connect that nobody told us
  } else if (station.interface === listing.interface) {
    draft.departures.delete(entry.mac);
  } else {
    // only what hostapd said of the other interface proves that this entry is the old one
    if (draft.heardMs.has(entry.mac)) {
      draft.changes.push({ kind: 'stale', mac: entry.mac, interface: listing.interface });
    }
    return;
  }
  read(draft, entry);
}

function find(draft: Draft, entry: ListedStation, listing: Listing): void {
  const earlierMs = listing.earlierMs.get(entry.mac);
  const radioMs = associatedMs(entry, listing);
  const isSame =
    earlierMs !== undefined && (radioMs === undefined || Math.abs(earlierMs - radioMs) <= connectedTimeToleranceMs);
  const sinceMs = isSame ? earlierMs : (radioMs ?? listing.atMs);
  draft.stations.set(entry.mac, { mac: entry.mac, interface: listing.interface, sinceMs, reading: entry });
  draft.changes.push(
    listing.first
      ? { kind: 'found', mac: entry.mac }
      : { kind: 'arrived', mac: entry.mac, interface: listing.interface, atMs: sinceMs },
  );
}

function read(draft: Draft, entry: ListedStation): void {
  const station = draft.stations.get(entry.mac);
  if (!station) return;
  draft.stations.set(entry.mac, { ...station, reading: entry });
  draft.changes.push({ kind: 'reading', mac: entry.mac });
}

/** A station that an earlier session of the agent had published, while hostapd is not there to be asked. */
export function remembered(presence: Presence, station: Omit<Station, 'reading'>, atMs: number, graceMs: number): Step {
  return change(presence, (draft) => {
    if (draft.stations.has(station.mac)) return;
    draft.stations.set(station.mac, { ...station, reading: { mac: station.mac } });
    draft.departures.set(station.mac, { atMs, dueMs: atMs + graceMs });
    draft.changes.push({ kind: 'found', mac: station.mac });
  });
}

/** Whose time has come leaves. */
export function settled(presence: Presence, nowMs: number): Step {
  return change(presence, (draft) => {
    for (const [mac, departure] of presence.departures) {
      if (departure.dueMs > nowMs) continue;
      const station = draft.stations.get(mac);
      draft.departures.delete(mac);
      draft.stations.delete(mac);
      if (station) draft.changes.push({ kind: 'left', mac, interface: station.interface, atMs: departure.atMs });
    }
    for (const [mac, heardMs] of draft.heardMs)
      if (!draft.stations.has(mac) && heardMs < nowMs - heardForMs) draft.heardMs.delete(mac);
  });
}

/** When {@link settled} has to be called next; undefined where nothing is pending. */
export function nextDueMs(presence: Presence): number | undefined {
  const due = [...presence.departures.values()].map((departure) => departure.dueMs);
  return due.length === 0 ? undefined : Math.min(...due);
}
