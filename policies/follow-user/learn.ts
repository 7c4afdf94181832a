import { migrationUnderWay } from '../picture/foldMigration.ts';
import type { ContainerPicture, Place, SitePicture } from '../picture/sitePicture.ts';
import type { ContainerMemory } from './memory.ts';
import { type FollowUserPolicy, graceMs, retryDelayMs } from './policy.ts';

/** The name of one association in the memory. */
export function associationKey(mac: string, place: Place): string {
  return `${mac} ${place.node} ${place.since}`;
}

/** How a request of ours ended, or that it has not. */
type Outcome = { ended: 'arrived' } | { ended: 'failed'; codes: string[] } | { ended: 'no'; wakeAtMs?: number };

/**
 * Brings the memory of one container up to date with the picture: how our request ended, and whether the container moved
 * and by whose will.
 */
export function learn(
  picture: SitePicture,
  container: ContainerPicture,
  place: Place | undefined,
  before: ContainerMemory | undefined,
  policy: FollowUserPolicy,
  nowMs: number,
): ContainerMemory {
  const { node } = container.document;
  const { goneSinceMs: _, ...known } = before ?? { node };
  let memory: ContainerMemory = withoutOld(known, policy, nowMs);
  const asked = memory.pending;
  if (asked) memory = conclude(memory, asked, outcomeOf(picture, container, asked, nowMs), policy, nowMs);
  const key = place && container.document.follows ? associationKey(container.document.follows, place) : undefined;
  if (node !== memory.node) memory = moved(memory, picture, container, asked?.to === node, key, policy, nowMs);
  // while it is on its way to elsewhere, it is here no longer
  const leaving = memory.pending !== undefined || migrationUnderWay(picture, container.name) !== undefined;
  if (key !== undefined && place?.node === node && !leaving) memory = { ...memory, served: key };
  return key === undefined ? memory : { ...memory, association: key };
}

/** What is over is forgotten; a clock that was set back must not make a rest longer than the policy says. */
function withoutOld(memory: ContainerMemory, policy: FollowUserPolicy, nowMs: number): ContainerMemory {
  const { cooldownUntilMs, ...rest } = memory;
  if (cooldownUntilMs === undefined || cooldownUntilMs <= nowMs) return rest;
  return { ...rest, cooldownUntilMs: Math.min(cooldownUntilMs, nowMs + policy.cooldownMs) };
}

function outcomeOf(
  picture: SitePicture,
  container: ContainerPicture,
  pending: NonNullable<ContainerMemory['pending']>,
  nowMs: number,
): Outcome {
  if (container.document.node === pending.to) return { ended: 'arrived' };
  const answer = picture.answers.get(pending.id)?.response;
  const migration = picture.migrations.get(answer?.migration ?? pending.id);
  if (migration?.outcome === 'failed' || migration?.outcome === 'cancelled')
    return { ended: 'failed', codes: [migration.document.error?.code ?? `migration-${migration.outcome}`] };
  if (answer?.status === 'rejected' || answer?.status === 'failed') {
    const codes = answer.blockedReasons?.map(({ code }) => code) ?? [];
    return { ended: 'failed', codes: codes.length > 0 ? codes : [answer.error?.code ?? answer.status] };
  }
  if (migration && migration.endedAtMs === undefined) return { ended: 'no' };
  // completed (or so it seems): the destination's document is on its way
  const untilMs = migration?.endedAtMs === undefined ? pending.untilMs : migration.endedAtMs + graceMs;
  return nowMs < untilMs ? { ended: 'no', wakeAtMs: untilMs } : { ended: 'failed', codes: ['no-answer'] };
}

function conclude(
  memory: ContainerMemory,
  pending: NonNullable<ContainerMemory['pending']>,
  outcome: Outcome,
  policy: FollowUserPolicy,
  nowMs: number,
): ContainerMemory {
  if (outcome.ended === 'no') {
    const { wakeAtMs } = outcome;
    return wakeAtMs === undefined ? memory : { ...memory, pending: { ...pending, untilMs: wakeAtMs } };
  }
  const { pending: _, failure, ...rest } = memory;
  if (outcome.ended === 'arrived') return rest;
  const count = failure?.to === pending.to ? failure.count + 1 : 1;
  const retryAtMs = nowMs + retryDelayMs(policy, count);
  return { ...rest, failure: { to: pending.to, count, retryAtMs, codes: outcome.codes } };
}

function moved(
  memory: ContainerMemory,
  picture: SitePicture,
  container: ContainerPicture,
  ours: boolean,
  key: string | undefined,
  policy: FollowUserPolicy,
  nowMs: number,
): ContainerMemory {
  const { served, ...rest } = memory;
  const next: ContainerMemory = {
    ...rest,
    node: container.document.node,
    previous: memory.node,
    cooldownUntilMs: nowMs + policy.cooldownMs,
  };
  const kept = served === undefined ? next : { ...next, served };
  if (ours) return kept;
  const trigger = lastTrigger(picture, container);
  if (trigger === 'drain') return next; // nobody chose the place, so the container may come back
  if (trigger === 'follow-user') return kept;
  // someone moved it by hand: respected until the client associates anew
  const witnessed = trigger === 'manual' || memory.association === key;
  return witnessed && key !== undefined ? { ...next, served: key } : kept;
}

function lastTrigger(picture: SitePicture, container: ContainerPicture) {
  const { node, name } = container.document;
  const candidates = [...picture.migrations.values()].filter(
    ({ document }) => document.container === name && document.to === node,
  );
  const underWay = migrationUnderWay(picture, name);
  const last = underWay?.document.to === node ? underWay : candidates.at(-1);
  return last?.document.trigger;
}
