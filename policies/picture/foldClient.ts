import type { MessageOf } from '../../broker/contract/topics.ts';
import { mayBecomePlace, sameStampMs } from './associationOrder.ts';
import type { ObservationOf } from './observation.ts';
import {
  type AssociationView,
  adjustedMs,
  type ClientPicture,
  isReachable,
  type SitePicture,
  withEntry,
} from './sitePicture.ts';

export function newClient(mac: string): ClientPicture {
  return { mac, views: new Map(), announced: new Map() };
}

/** Folds the document of one access point about one client; see associationOrder.ts for what is news. */
export function foldNodeClient(
  picture: SitePicture,
  client: ClientPicture,
  observation: ObservationOf<'node-client'>,
): ClientPicture {
  const { document } = observation;
  if (document === undefined) return leave(client, observation.node, observation.atMs);
  const known = client.views.get(observation.node);
  const fresh = isFresh(picture, client, known, document, observation);
  const view = viewOf(known, document, observation, fresh);
  const heard: ClientPicture = {
    ...client,
    views: client.views.size === 0 ? new Map([[view.node, view]]) : withEntry(client.views, view.node, view),
    announced: fresh ? withEntry(client.announced, view.node, undefined) : client.announced,
  };
  if (client.place?.node === view.node) return { ...heard, place: { ...client.place, leftAtMs: undefined } };
  if (fresh) return arrive(heard, view, observation, true);
  if (mayBecomePlace(picture, client, view, observation)) return arrive(heard, view, observation, false);
  return heard;
}

/** Folds an event. Documents are the truth; an event proves that a stamp is fresh where clocks would make it look old. */
export function foldClientEvent(client: ClientPicture, observation: ObservationOf<'node-client-event'>): ClientPicture {
  const { document: event, node, atMs } = observation;
  if (event.event !== 'associated' || observation.retained) return client;
  const eventMs = Date.parse(event.at);
  const view = client.views.get(node);
  if (view?.session === event.session && view.present && Math.abs(view.sinceMs - eventMs) <= sameStampMs) {
    if (view.counted || view.superseded || client.place?.node === node) return client;
    const counted = { ...view, counted: true, stampedAtMs: atMs };
    return arrive({ ...client, views: withEntry(client.views, node, counted) }, counted, observation, true);
  }
  const announced = { session: event.session, sequence: event.sequence, atMs: eventMs };
  const before = client.announced.get(node);
  if (before?.session === event.session && before.sequence >= event.sequence) return client;
  return { ...client, announced: withEntry(client.announced, node, announced) };
}

/** The access point no longer has the client. Only the present one's word counts, and that only after the debounce time. */
export function leave(client: ClientPicture, node: string, atMs: number): ClientPicture {
  const view = client.views.get(node);
  const views = view ? withEntry(client.views, node, { ...view, present: false, document: undefined }) : client.views;
  const place =
    client.place?.node === node && client.place.leftAtMs === undefined
      ? { ...client.place, leftAtMs: atMs }
      : client.place;
  return { ...client, views, place };
}

/** Believes a departure once the debounce time is over; a view that nothing has superseded becomes the place then. */
export function settleDeparture(
  picture: SitePicture,
  client: ClientPicture,
  nowMs: number,
  debounceMs: number,
): ClientPicture {
  const { place } = client;
  if (place?.leftAtMs === undefined || nowMs < place.leftAtMs + debounceMs) return client;
  const departed = { node: place.node, atMs: place.leftAtMs };
  const gone: ClientPicture = { ...client, place: undefined, previous: place.node, departed };
  const [next] = [...client.views.values()]
    .filter((view) => view.present && !view.superseded && isReachable(picture.nodes.get(view.node)))
    .sort((a, b) => adjustedMs(picture, b.node, b.sinceMs) - adjustedMs(picture, a.node, a.sinceMs));
  return next ? arrive(gone, next, { atMs: place.leftAtMs + debounceMs, retained: false }, false) : gone;
}

/** Takes over what an earlier run of the controller knew: the place, and the stamps that are no news. */
export function seedClient(document: MessageOf<'client'>, atMs: number): ClientPicture {
  const client = newClient(document.mac);
  const views = (document.associations ?? []).map((known): [string, AssociationView] => [
    known.node,
    {
      ...known,
      sinceMs: Date.parse(known.since),
      present: false,
      stampedAtMs: Number.NEGATIVE_INFINITY,
      counted: true,
    },
  ]);
  const departed = { node: document.previous ?? '', atMs: Date.parse(document.since) };
  const base: ClientPicture = { ...client, views: new Map(views), previous: document.previous };
  if (document.node === null) return { ...base, departed };
  const { node, since } = document;
  return { ...base, place: { node, since, sinceMs: Date.parse(since), arrivedAtMs: atMs, settled: true } };
}

/** All retained documents were read: what is still not there is gone, and the places stand. */
export function settleReading(client: ClientPicture, atMs: number): ClientPicture {
  const { place } = client;
  if (place === undefined) return client;
  const settled = { ...client, place: { ...place, settled: true } };
  return client.views.get(place.node)?.present ? settled : leave(settled, place.node, atMs);
}

function isFresh(
  picture: SitePicture,
  client: ClientPicture,
  known: AssociationView | undefined,
  document: MessageOf<'nodeClient'>,
  observation: ObservationOf<'node-client'>,
): boolean {
  const node = picture.nodes.get(observation.node);
  // the state is published last at start: what comes before it is the station list, read anew
  if (node?.state?.session !== document.session) return false;
  if (observation.retained && node.state.status === 'offline') return false;
  const sinceMs = Date.parse(document.since);
  const announced = client.announced.get(observation.node);
  if (announced?.session === document.session && Math.abs(announced.atMs - sinceMs) <= sameStampMs) return true;
  if (known?.session === document.session) return sinceMs > known.sinceMs;
  return node.onlineAtMs !== undefined && sinceMs > node.onlineAtMs;
}

function viewOf(
  known: AssociationView | undefined,
  document: MessageOf<'nodeClient'>,
  observation: ObservationOf<'node-client'>,
  fresh: boolean,
): AssociationView {
  const sinceMs = Date.parse(document.since);
  const sameSession = known?.session === document.session;
  const sameStamp = known !== undefined && (sameSession || Math.abs(known.sinceMs - sinceMs) <= sameStampMs);
  return {
    node: observation.node,
    session: document.session,
    since: document.since,
    sinceMs,
    present: true,
    stampedAtMs: !fresh && known && sameStamp ? known.stampedAtMs : observation.atMs,
    counted: fresh || (sameStamp && known.counted),
    superseded: !fresh && sameStamp && known.superseded,
    document,
  };
}

function arrive(
  client: ClientPicture,
  view: AssociationView,
  observation: { atMs: number; retained: boolean },
  fresh: boolean,
): ClientPicture {
  const views = new Map(client.views);
  if (fresh) {
    for (const [node, other] of views) {
      if (node !== view.node && other.stampedAtMs < observation.atMs) views.set(node, { ...other, superseded: true });
    }
  }
  const { node, since, sinceMs } = view;
  return {
    ...client,
    views,
    previous: client.place?.node ?? client.previous,
    departed: undefined,
    place: { node, since, sinceMs, arrivedAtMs: observation.atMs, settled: fresh || !observation.retained },
  };
}
