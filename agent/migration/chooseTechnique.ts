import { type Circumstances, type Estimate, estimateMove, noticedMs } from './estimate.ts';
import { leavesPagesBehind, type Technique } from './plan.ts';

export interface Choice {
  technique: Technique;
  /** A sentence for people. */
  reason: string;
  estimate: Estimate;
}

/**
 * From what asks least of both nodes to what asks most: of two that are about as short, the earlier one is taken. Post-copy
 * is not among them: what it leaves behind, hybrid has sent before, so that the container does not wait for it.
 */
const preference: readonly Technique[] = ['cold', 'pre-copy', 'hybrid'];
/** So much shorter a pause must be to be worth the more demanding technique. */
const worthwhileMs = 15;
const worthwhilePart = 0.05;

/**
 * Which technique to use and why, pure: the one with the shortest expected pause, waiting for pages afterwards included, among those that both nodes can do.
 *
 * @param lazyProblem - why memory cannot follow the container, if so
 */
export function chooseTechnique(
  asked: 'auto' | Technique | undefined,
  given: Circumstances,
  lazyProblem: string | undefined,
): Choice {
  if (asked !== undefined && asked !== 'auto') {
    return { technique: asked, reason: 'asked for by the request', estimate: estimateMove(asked, given) };
  }
  const possible = preference.filter((technique) => lazyProblem === undefined || !leavesPagesBehind(technique));
  const estimates = possible.map((technique) => estimateMove(technique, given));
  const best = estimates.reduce((chosen, estimate) => (isWorthwhile(estimate, chosen) ? estimate : chosen));
  return { technique: best.technique, reason: reasonFor(best, estimates, given, lazyProblem), estimate: best };
}

function isWorthwhile(estimate: Estimate, chosen: Estimate): boolean {
  const gainMs = noticedMs(chosen) - noticedMs(estimate);
  return gainMs > worthwhileMs && gainMs > worthwhilePart * noticedMs(chosen);
}

function reasonFor(best: Estimate, all: readonly Estimate[], given: Circumstances, lazyProblem: string | undefined) {
  const others = all.filter(({ technique }) => technique !== best.technique);
  const compared = others.map((other) => `${other.technique} ${noticedMs(other)} ms`).join(', ');
  const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(bytes < 100 << 20 ? 1 : 0)} MiB`;
  const facts = [
    `${mebibytes(given.memoryBytes)} of memory`,
    ...(given.knownBytes > 0 ? [`${mebibytes(given.knownBytes)} of it known there`] : []),
    `${mebibytes(given.dirtyBytesPerSecond)}/s changing`,
    `${Math.round((given.linkBytesPerSecond * 8) / 1e6)} Mbit/s`,
  ];
  const limit = lazyProblem === undefined ? '' : `; memory cannot follow: ${lazyProblem}`;
  return `about ${noticedMs(best)} ms expected, ${compared}, for ${facts.join(', ')}${limit}`;
}
