import type { z } from 'zod';
import type { estimateSchema } from '../../broker/contract/documents.ts';
import { type Technique, techniqueTable } from './plan.ts';

export type Estimate = z.output<typeof estimateSchema>;

/** What is known before a move. */
export interface Circumstances {
  memoryBytes: number;
  /** How much of the memory the destination has from an earlier visit or a preparation. */
  knownBytes: number;
  /** How fast memory changes. */
  dirtyBytesPerSecond: number;
  linkBytesPerSecond: number;
  rttMs: number;
  /** The pause that is aimed at: rounds end when it is reached. */
  downtimeTargetMs: number;
  /** Changed files, and the image where the destination lacks it. */
  fileBytes: number;
  /** By technique: how actual pauses compared with estimates so far; 1 where nothing is known. */
  correction: Readonly<Partial<Record<Technique, number>>>;
}

/** What freeze, dump, restore and commit take on any container, and other things that were measured on real moves. */
export const costs = {
  fixedMs: 100,
  /** Reading frozen memory and comparing it, beside CRIU. */
  compareBytesPerSecond: 1.2e9,
  /** What CRIU's dump and restore take, beside which the agents read, compare and send. */
  besideMs: 45,
  /** Reading images into processes before they run; beyond the limit memory comes in afterwards, and what is most needed before. */
  restoreBytesPerSecond: 500e6,
  eagerBytes: 16 << 20,
  /** CRIU's images, and the pages that no technique can leave behind. */
  imageBytes: 60_000,
  /** What was touched between the last round and the freeze. */
  lastRoundAgeMs: 100,
  /** Hybrid keeps the container frozen at most so long for what changed lately. */
  hotMs: 40,
  /** What a process needs at once when it goes on: so much, such a part of its memory, and what it writes to in such a time. */
  workingSetBytes: 256_000,
  workingSetPart: 0.005,
  workingSetSeconds: 0.2,
  /** A process that waits for a page waits for a round trip and for both agents, which are busy just then; then it has some pages. */
  faultMs: 2.5,
  faultPages: { known: 32, unknown: 4 },
  mostRounds: 24,
  /** When all else is ready. */
  mostLastRounds: 8,
  /** The pause that the rounds aim at, unless the request says otherwise. */
  downtimeTargetMs: 300,
  /** Until a link was measured: a wire of 1 Gbit/s. */
  linkBytesPerSecond: 118e6,
  rttMs: 1,
} as const;

/** What who waits for an answer is expected to notice. */
export const noticedMs = ({ downtimeMs, waitingMs = 0 }: Estimate): number => downtimeMs + waitingMs;

/** What a move by this technique will cost, pure. */
export function estimateMove(technique: Technique, given: Circumstances): Estimate {
  const { memoryBytes, linkBytesPerSecond: link, rttMs } = given;
  const { rounds, share } = techniqueTable[technique];
  const unknownBytes = Math.max(0, memoryBytes - given.knownBytes);
  const ahead = rounds ? roundsAhead(unknownBytes, given) : { sentBytes: 0, durationMs: 0, leftBytes: unknownBytes };
  const frozenBytes = frozenShare(share, ahead.leftBytes, given) + costs.imageBytes;
  const sendingMs = (frozenBytes / link) * 1000;
  // comparing goes on beside CRIU's dump and restore, sending beside comparing
  const comparingMs =
    share === 'all' ? Math.max(0, (memoryBytes / costs.compareBytesPerSecond) * 1000 - costs.besideMs) : 0;
  const readingMs = (Math.min(memoryBytes, costs.eagerBytes) / costs.restoreBytesPerSecond) * 1000;
  const behindBytes = share === 'all' ? 0 : Math.max(0, ahead.leftBytes - frozenBytes);
  const waitingMs = share === 'all' ? 0 : waitingForPages(frozenBytes - costs.imageBytes, behindBytes, given);
  const plainMs = costs.fixedMs + 2 * rttMs + Math.max(sendingMs, comparingMs) + readingMs;
  const downtimeMs = plainMs * (given.correction[technique] ?? 1);
  const sentBytes = given.fileBytes + ahead.sentBytes + frozenBytes + behindBytes;
  const totalMs = (given.fileBytes / link) * 1000 + ahead.durationMs + downtimeMs + (behindBytes / link) * 1000;
  const whole = Math.round;
  return {
    technique,
    downtimeMs: whole(downtimeMs),
    ...(share === 'all' ? {} : { waitingMs: whole(waitingMs) }),
    totalMs: whole(totalMs),
    sentBytes: whole(sentBytes),
  };
}

function frozenShare(share: 'all' | 'hot' | 'none', leftBytes: number, given: Circumstances): number {
  if (share === 'all') return leftBytes;
  if (share === 'none') return 0;
  const hotBytes = (given.dirtyBytesPerSecond * costs.lastRoundAgeMs) / 1000;
  return Math.min(leftBytes, hotBytes, (given.linkBytesPerSecond * costs.hotMs) / 1000);
}

/**
 * A process that goes on without its memory waits for the pages that it needs at once: for what has to be sent, and for being
 * told that the rest is as it was. What changed lately is what it needs at once, and that came along.
 */
function waitingForPages(hotBytes: number, behindBytes: number, given: Circumstances): number {
  const { memoryBytes, dirtyBytesPerSecond, linkBytesPerSecond, rttMs } = given;
  const { workingSetBytes, workingSetPart, workingSetSeconds, faultMs, faultPages } = costs;
  const workingSet = workingSetBytes + memoryBytes * workingSetPart + dirtyBytesPerSecond * workingSetSeconds;
  const neededBytes = Math.max(0, Math.min(memoryBytes, workingSet) - hotBytes);
  const missingBytes = Math.min(neededBytes, behindBytes);
  const faults = (bytes: number, pages: number) => Math.ceil(bytes / 4096 / pages);
  const questions = faults(missingBytes, faultPages.unknown) + faults(neededBytes - missingBytes, faultPages.known);
  return (missingBytes / linkBytesPerSecond) * 1000 + questions * (faultMs + rttMs);
}

function roundsAhead(firstBytes: number, given: Circumstances) {
  const scanSeconds = given.memoryBytes / costs.compareBytesPerSecond;
  let [leftBytes, sentBytes, seconds] = [firstBytes, 0, 0];
  for (let round = 0; round < costs.mostRounds; round += 1) {
    const roundSeconds = Math.max(scanSeconds, leftBytes / given.linkBytesPerSecond);
    sentBytes += leftBytes;
    seconds += roundSeconds;
    const next = Math.min(given.memoryBytes, given.dirtyBytesPerSecond * roundSeconds);
    const converges = next <= 0.9 * leftBytes;
    leftBytes = next;
    const leftMs = costs.fixedMs + (leftBytes / given.linkBytesPerSecond) * 1000;
    if (round > 0 && (!converges || leftMs <= given.downtimeTargetMs)) break;
  }
  return { sentBytes, durationMs: seconds * 1000, leftBytes };
}
