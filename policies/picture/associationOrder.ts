import { type AssociationView, adjustedMs, type ClientPicture, isReachable, type SitePicture } from './sitePicture.ts';

/*
 * Which association is the newest, when the clocks of access points may differ?
 *
 * 1. A stamp (`since`) is compared with earlier stamps of the same access point, by that access point's own clock.
 *    A stamp that grew within one session, or that is younger than the session's birth, is a fresh association; among
 *    fresh ones the order of receipt decides. No two clocks are compared.
 * 2. What an access point read from its station list at start (before its state was published, or older than that) is no
 *    news: it may be a stale entry with a stamp made anew. It counts where nothing better is known (`mayBecomePlace`).
 * 3. Where retained documents are read in one go there is no order of receipt. Then rule 1 is applied to the stamps that
 *    the controller's own fused record remembers; only if several access points have fresh stamps at once, those are
 *    ordered by clock, each stamp corrected by what is known of its node's clock.
 * 4. A wrong guess heals: when the access point that was believed drops its stale entry, the other view becomes the place.
 */

/** Two stamps of one access point this close are the same association: hostapd counts connected time in seconds. */
export const sameStampMs = 2000;

/**
 * Whether a reading that is not a fresh association may become the client's place.
 *
 * @param client - the client as it was before this reading
 */
export function mayBecomePlace(
  picture: SitePicture,
  client: ClientPicture,
  view: AssociationView,
  observation: { retained: boolean },
): boolean {
  if (view.superseded) return false;
  const { place } = client;
  if (place === undefined) return true;
  if (place.leftAtMs !== undefined) return false; // the debounce time decides
  const node = picture.nodes.get(view.node);
  const laterMs = adjustedMs(picture, view.node, view.sinceMs) - adjustedMs(picture, place.node, place.sinceMs);
  if (!place.settled && observation.retained) return laterMs > 0;
  const old = picture.nodes.get(place.node);
  if (old !== undefined && !isReachable(old) && isReachable(node)) return true;
  // a stamp from before the agent's birth was not made up while reading, so it tells when the client came
  const birthMs = node?.info?.session === view.session ? Date.parse(node.info.at) : undefined;
  const honest = birthMs !== undefined && view.sinceMs < birthMs - sameStampMs;
  return honest && !view.counted && laterMs > sameStampMs;
}
