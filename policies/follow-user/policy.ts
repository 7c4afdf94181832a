import type { MessageOf } from '../../broker/contract/topics.ts';

export type FollowUserPolicy = MessageOf<'policy'>;

/** The name of the policy, in topics and in migrations' triggers. */
export const policyName = 'follow-user';

/** A request is not obeyed later than this after it was issued. */
export const requestLifetimeMs = 5000;

/** How long an answer may be on its way, and how long the site may take to tell of a completed move. */
export const graceMs = 2000;

/** Retries are never further apart than this. */
const longestRetryMs = 60_000;

/** The wait after the n-th failure in a row: doubling, up to a minute (or the policy's own retry time, if that is longer). */
export function retryDelayMs(policy: FollowUserPolicy, failures: number): number {
  return Math.min(policy.retryMs * 2 ** Math.min(failures - 1, 30), Math.max(longestRetryMs, policy.retryMs));
}

/**
 * The bound that the policy keeps: the most moves of one container within a span of time.
 *
 * A request waits until the cooldown C after the last move is over, and until the client has been at its access point for the
 * dwell time D; a new association begins after the last request was made. So two requests that are obeyed are at least
 * max(C, D) apart. Besides, each association of the client is served once: a container that is taken away from it
 * by hand stays away until the client associates anew.
 *
 * @param spanMs - length of the span of time
 * @param associations - how many associations (debounced) the client had that were not served when the span began
 */
export function mostMoves(policy: FollowUserPolicy, spanMs: number, associations: number): number {
  const restMs = Math.max(policy.cooldownMs, policy.dwellMs);
  const byTime = restMs === 0 ? Number.POSITIVE_INFINITY : 1 + Math.floor(spanMs / restMs);
  return Math.min(byTime, associations);
}
