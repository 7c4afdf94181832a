import type { Observation, Observed } from './observation.ts';
import { adjustedMs, type SitePicture } from './sitePicture.ts';

const rank: Record<Observed['kind'], number> = {
  'fused-client': 0,
  'node-info': 1,
  'node-state': 2,
  'node-container': 3,
  'node-client': 4,
  'node-migration': 5,
  'node-telemetry': 6,
  'node-client-event': 6,
  'migration-event': 6,
  response: 6,
  synchronised: 7,
};

/**
 * Orders what was read from the broker's store, and adds a clearing for each document that the picture has and the store
 * no longer has (they were cleared while this machine was not listening).
 *
 * @param picture - what was known before, empty at start
 * @param documents - all retained documents of the site, in any order
 * @param atMs - the controller's time
 * @returns observations to fold in this order
 */
export function synchronise(picture: SitePicture, documents: Observed[], atMs: number): Observation[] {
  const here = new Set(documents.map(keyOf));
  const cleared = known(picture).filter((document) => !here.has(keyOf(document)));
  const ordered = [...documents].sort(
    (a, b) => rank[a.kind] - rank[b.kind] || stampOf(picture, a) - stampOf(picture, b),
  );
  return [...ordered, ...cleared, { kind: 'synchronised' } as const].map((observed) => ({
    ...observed,
    atMs,
    retained: true,
  }));
}

function stampOf(picture: SitePicture, observed: Observed): number {
  if (observed.kind !== 'node-client' || !observed.document) return 0;
  return adjustedMs(picture, observed.node, Date.parse(observed.document.since));
}

function keyOf(observed: Observed): string {
  switch (observed.kind) {
    case 'node-state':
    case 'node-info':
    case 'node-telemetry':
      return `${observed.kind} ${observed.node}`;
    case 'node-client':
    case 'node-client-event':
      return `${observed.kind} ${observed.node} ${observed.mac}`;
    case 'node-container':
      return `${observed.kind} ${observed.node} ${observed.name}`;
    case 'node-migration':
    case 'migration-event':
      return `${observed.kind} ${observed.node} ${observed.id}`;
    case 'fused-client':
      return `${observed.kind} ${observed.mac}`;
    case 'response':
    case 'synchronised':
      return observed.kind;
  }
}

function known(picture: SitePicture): Observed[] {
  const found: Observed[] = [];
  for (const { node, state, info } of picture.nodes.values()) {
    if (state) found.push({ kind: 'node-state', node, document: undefined });
    if (info) found.push({ kind: 'node-info', node, document: undefined });
  }
  for (const { name, documents } of picture.containers.values())
    for (const node of documents.keys()) found.push({ kind: 'node-container', node, name, document: undefined });
  for (const { mac, views } of picture.clients.values())
    for (const { node, present } of views.values())
      if (present) found.push({ kind: 'node-client', node, mac, document: undefined });
  for (const [id, { source, endedAtMs }] of picture.migrations)
    if (endedAtMs === undefined) found.push({ kind: 'node-migration', node: source, id, document: undefined });
  return found;
}
