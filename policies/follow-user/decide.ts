import { migrationUnderWay } from '../picture/foldMigration.ts';
import type { ContainerPicture, Place, SitePicture } from '../picture/sitePicture.ts';
import { type Candidate, candidatesFor } from './candidates.ts';
import { associationKey, learn } from './learn.ts';
import type { ContainerMemory, Memory } from './memory.ts';
import { type FollowUserPolicy, graceMs, requestLifetimeMs } from './policy.ts';
import { explanations, type Reason, type Verdict } from './verdict.ts';

export interface Decision {
  /** One for each container that follows a client. */
  verdicts: Verdict[];
  memory: Memory;
  /** Evaluate again then, if nothing happens before. */
  wakeAtMs?: number;
}

/** A container that is gone may be between two nodes: it is remembered this long. */
const rememberGoneMs = 60_000;

/** The first thing that keeps a container where it is. */
interface Obstacle {
  reason: Reason;
  verdict?: 'refuse';
  codes?: string[];
  details?: string;
  /** It ends by itself then. */
  untilMs?: number;
}

/**
 * The policy: a container follows the client with which it is bound.
 *
 * Pure: the same picture, memory and time give the same verdicts. See {@link mostMoves} for the bound on moves.
 *
 * @param picture - the site, as folded up to now
 * @param memory - what the last call returned, or what was read back after a restart
 * @param nowMs - the controller's time, Unix
 */
export function decide(picture: SitePicture, policy: FollowUserPolicy, memory: Memory, nowMs: number): Decision {
  const next = new Map<string, ContainerMemory>();
  const verdicts: Verdict[] = [];
  const wakes: number[] = [];
  for (const container of picture.containers.values()) {
    const known = memory.get(container.name);
    const learned = learn(picture, container, placeOf(picture, container), known, policy, nowMs);
    next.set(container.name, learned);
    if (learned.pending) wakes.push(learned.pending.untilMs);
  }
  for (const [name, known] of memory) {
    if (next.has(name)) continue;
    const goneSinceMs = known.goneSinceMs ?? nowMs;
    if (nowMs < goneSinceMs + rememberGoneMs) next.set(name, { ...known, goneSinceMs });
  }
  const reserved = reservations(picture, next);
  for (const container of [...picture.containers.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const remembered = next.get(container.name);
    if (container.document.follows === undefined || remembered === undefined) continue;
    const candidates = candidatesFor(picture, container, reserved);
    const obstacle = firstObstacle(picture, container, policy, remembered, candidates, nowMs);
    const verdict = verdictOf(picture, container, remembered, candidates, obstacle, nowMs);
    verdicts.push(verdict);
    if (obstacle?.untilMs !== undefined) wakes.push(obstacle.untilMs);
    if (verdict.request === undefined || verdict.to === undefined) continue;
    const untilMs = nowMs + requestLifetimeMs + graceMs;
    next.set(container.name, { ...remembered, pending: { id: verdict.request, to: verdict.to, untilMs } });
    reserved.set(verdict.to, (reserved.get(verdict.to) ?? 0) + 1);
    wakes.push(untilMs);
  }
  const later = wakes.filter((wakeAtMs) => wakeAtMs > nowMs);
  return { verdicts, memory: next, ...(later.length > 0 ? { wakeAtMs: Math.min(...later) } : {}) };
}

function placeOf(picture: SitePicture, container: ContainerPicture): Place | undefined {
  const { follows } = container.document;
  return follows === undefined ? undefined : picture.clients.get(follows)?.place;
}

/** Requests of ours that cannot be seen as migrations yet, by destination. */
function reservations(picture: SitePicture, memory: Memory): Map<string, number> {
  const reserved = new Map<string, number>();
  for (const [name, { pending }] of memory) {
    if (!pending || migrationUnderWay(picture, name)?.document.to === pending.to) continue;
    if (picture.containers.get(name)?.documents.has(pending.to)) continue;
    reserved.set(pending.to, (reserved.get(pending.to) ?? 0) + 1);
  }
  return reserved;
}

function firstObstacle(
  picture: SitePicture,
  container: ContainerPicture,
  policy: FollowUserPolicy,
  memory: ContainerMemory,
  candidates: Candidate[],
  nowMs: number,
): Obstacle | undefined {
  const { node, status, pinned, migration, follows = '' } = container.document;
  const place = placeOf(picture, container);
  if (!policy.enabled) return { reason: 'policy-disabled' };
  if (container.conflict.length > 0)
    return { reason: 'generation-conflict', verdict: 'refuse', details: container.conflict.join(', ') };
  if (place === undefined) return { reason: picture.clients.has(follows) ? 'client-away' : 'client-unknown' };
  if (memory.pending || migration !== undefined || migrationUnderWay(picture, container.name))
    return { reason: 'migration-under-way' };
  if (place.node === node) return { reason: 'in-place' };
  if (status !== 'running') return { reason: 'not-running', details: status };
  if (pinned) return { reason: 'pinned' };
  if (memory.served === associationKey(follows, place)) return { reason: 'placed-by-hand' };
  if (picture.nodes.get(node)?.state?.status === 'offline') return { reason: 'source-offline' };
  const codes = candidates.find((candidate) => candidate.node === place.node)?.reasons ?? ['unknown-node'];
  if (codes.length > 0) return { reason: 'destination-blocked', verdict: 'refuse', codes, details: codes.join(', ') };
  return waiting(place, policy, memory, nowMs);
}

/** The obstacles that time removes. */
function waiting(place: Place, policy: FollowUserPolicy, memory: ContainerMemory, nowMs: number): Obstacle | undefined {
  if (place.leftAtMs !== undefined) return { reason: 'client-leaving', untilMs: place.leftAtMs + policy.debounceMs };
  const returning = place.node === memory.previous;
  const dwelledAtMs = place.arrivedAtMs + policy.dwellMs * (returning ? policy.returnDwellFactor : 1);
  if (nowMs < dwelledAtMs) return { reason: returning ? 'return-dwell-time' : 'dwell-time', untilMs: dwelledAtMs };
  if (memory.cooldownUntilMs !== undefined && nowMs < memory.cooldownUntilMs)
    return { reason: 'cooldown', untilMs: memory.cooldownUntilMs };
  const { failure } = memory;
  if (failure?.to === place.node && nowMs < failure.retryAtMs)
    return {
      reason: 'retry-later',
      codes: failure.codes,
      details: failure.codes.join(', '),
      untilMs: failure.retryAtMs,
    };
  return undefined;
}

function verdictOf(
  picture: SitePicture,
  container: ContainerPicture,
  memory: ContainerMemory,
  candidates: Candidate[],
  obstacle: Obstacle | undefined,
  nowMs: number,
): Verdict {
  const { name, node: from, generation, follows: client = '' } = container.document;
  const place = placeOf(picture, container);
  const reason = obstacle?.reason ?? 'client-moved';
  const waitMs = obstacle?.untilMs === undefined ? undefined : Math.ceil(obstacle.untilMs - nowMs);
  const words = { container: name, client, from, to: place?.node ?? from, waitMs, details: obstacle?.details };
  return {
    container: name,
    client,
    verdict: obstacle ? (obstacle.verdict ?? 'hold') : 'migrate',
    from,
    ...(place ? { to: place.node, associatedAt: place.since } : {}),
    reasons: [reason, ...(obstacle?.codes ?? [])],
    explanation: explanations[reason](words),
    candidates,
    inputs: { place, memory },
    generation,
    ...(obstacle ? {} : { request: `follow-${name}-${generation}-${nowMs.toString(36)}` }),
  };
}
