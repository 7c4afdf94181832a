import type { DraftOf } from '../../broker/contract/topics.ts';
import { followersOf } from './fold.ts';
import type { ClientPicture, ContainerPicture, SitePicture } from './sitePicture.ts';

/** The fused record of a client; undefined where there is nothing to tell: it has left and no container follows it. */
export function fuseClient(picture: SitePicture, client: ClientPicture): DraftOf<'client'> | undefined {
  const containers = followersOf(picture, client.mac);
  const { place, departed } = client;
  if (place === undefined && (departed === undefined || containers.length === 0)) return undefined;
  const document = place && client.views.get(place.node)?.document;
  return {
    mac: client.mac,
    node: place?.node ?? null,
    ...(client.previous ? { previous: client.previous } : {}),
    since: place?.since ?? new Date(departed?.atMs ?? 0).toISOString(),
    ...(document?.address ? { address: document.address } : {}),
    ...(document?.hostName ? { hostName: document.hostName } : {}),
    ...(document?.signalDbm === undefined ? {} : { signalDbm: document.signalDbm }),
    containers,
    associations: [...client.views.values()]
      .map(({ node, session, since, superseded }) => ({ node, session, since, superseded }))
      .sort((a, b) => (a.node < b.node ? -1 : 1)),
  };
}

/** The fused record of a container: what the node with the highest generation says. */
export function fuseContainer(container: ContainerPicture, nowMs: number): DraftOf<'container'> {
  const { name, node, generation, status, follows, pinned, migration } = container.document;
  return {
    name,
    node,
    generation,
    status,
    ...(follows ? { follows } : {}),
    pinned,
    ...(migration ? { migration } : {}),
    at: new Date(nowMs).toISOString(),
  };
}
