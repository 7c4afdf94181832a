import {
  foldClientEvent,
  foldNodeClient,
  leave,
  newClient,
  seedClient,
  settleDeparture,
  settleReading,
} from './foldClient.ts';
import { foldContainer } from './foldContainer.ts';
import { foldMigration, foldResponse } from './foldMigration.ts';
import { clockedBy, foldNodeInfo, foldNodeState, foldTelemetry } from './foldNode.ts';
import type { Observation, ObservationOf } from './observation.ts';
import { type ClientPicture, type SitePicture, withEntry } from './sitePicture.ts';

export interface FoldSettings {
  /** A disconnect followed by a connect at the same access point within this time is one event. */
  debounceMs: number;
}

/** A client that left and that no container follows is forgotten after this time. */
const forgetMs = 60_000;

/** Folds one observation into the picture of the site: pure, the picture given is not changed. */
export function fold(picture: SitePicture, observation: Observation, settings: FoldSettings): SitePicture {
  const settled = passTime(picture, observation.atMs, settings);
  switch (observation.kind) {
    case 'node-state':
      return foldState(settled, observation);
    case 'node-info': {
      const node = foldNodeInfo(settled.nodes.get(observation.node), observation);
      return { ...settled, nodes: withEntry(settled.nodes, node.node, node.info || node.state ? node : undefined) };
    }
    case 'node-telemetry': {
      const node = foldTelemetry(settled.nodes.get(observation.node), observation);
      return { ...settled, nodes: withEntry(settled.nodes, node.node, node) };
    }
    case 'node-client': {
      const client = settled.clients.get(observation.mac);
      if (client === undefined && observation.document === undefined) return settled;
      const next = foldNodeClient(settled, client ?? newClient(observation.mac), observation);
      return { ...settled, clients: withEntry(settled.clients, observation.mac, next) };
    }
    case 'node-client-event': {
      const client = foldClientEvent(settled.clients.get(observation.mac) ?? newClient(observation.mac), observation);
      const next = clocked(settled, observation.node, observation.document.at, observation);
      return { ...next, clients: withEntry(settled.clients, observation.mac, client) };
    }
    case 'node-container': {
      const container = foldContainer(settled.containers.get(observation.name), observation);
      return { ...settled, containers: withEntry(settled.containers, observation.name, container) };
    }
    case 'node-migration':
    case 'migration-event':
      return foldMigration(settled, observation);
    case 'response':
      return foldResponse(
        clocked(settled, observation.document.node, observation.document.at, observation),
        observation,
      );
    case 'fused-client': {
      if (observation.document === undefined || settled.clients.has(observation.mac)) return settled;
      const client = seedClient(observation.document, observation.atMs);
      return { ...settled, clients: withEntry(settled.clients, observation.mac, client) };
    }
    case 'synchronised':
      return eachClient(settled, (client) => settleReading(client, observation.atMs));
  }
}

/** Lets time pass: departures are believed once the debounce time is over, and clients long gone are forgotten. */
export function passTime(picture: SitePicture, nowMs: number, settings: FoldSettings): SitePicture {
  const settled = eachClient(picture, (client) => settleDeparture(picture, client, nowMs, settings.debounceMs));
  const gone = [...settled.clients.values()].filter(
    (client) =>
      client.place === undefined &&
      client.departed !== undefined &&
      nowMs > client.departed.atMs + forgetMs &&
      ![...client.views.values()].some((view) => view.present) &&
      followersOf(settled, client.mac).length === 0,
  );
  if (gone.length === 0) return settled;
  const clients = new Map(settled.clients);
  for (const { mac } of gone) clients.delete(mac);
  return { ...settled, clients };
}

/** When time alone will change the picture next. */
export function nextChangeMs(picture: SitePicture, settings: FoldSettings): number | undefined {
  const times = [...picture.clients.values()]
    .map(({ place }) => place?.leftAtMs)
    .filter((leftAtMs) => leftAtMs !== undefined)
    .map((leftAtMs) => leftAtMs + settings.debounceMs);
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** Names of the containers that follow a client, sorted. */
export function followersOf(picture: SitePicture, mac: string): string[] {
  return [...picture.containers.values()]
    .filter(({ document }) => document.follows === mac)
    .map(({ name }) => name)
    .sort();
}

function foldState(picture: SitePicture, observation: ObservationOf<'node-state'>): SitePicture {
  const node = foldNodeState(picture.nodes.get(observation.node), observation);
  const next = { ...picture, nodes: withEntry(picture.nodes, observation.node, node) };
  if (node?.state?.status === 'offline') return next; // its clients keep their last place
  // documents of an earlier session are leftovers: the new one has published its own before its state
  return eachClient(next, (client) => {
    const view = client.views.get(observation.node);
    if (!view?.present || view.session === node?.state?.session) return client;
    return leave(client, observation.node, observation.atMs);
  });
}

function clocked(picture: SitePicture, name: string, stamp: string, received: Observation): SitePicture {
  const node = picture.nodes.get(name);
  return node ? { ...picture, nodes: withEntry(picture.nodes, name, clockedBy(node, stamp, received)) } : picture;
}

function eachClient(picture: SitePicture, change: (client: ClientPicture) => ClientPicture): SitePicture {
  let changed = false;
  const clients = new Map<string, ClientPicture>();
  for (const [mac, client] of picture.clients) {
    const next = change(client);
    changed ||= next !== client;
    clients.set(mac, next);
  }
  return changed ? { ...picture, clients } : picture;
}
