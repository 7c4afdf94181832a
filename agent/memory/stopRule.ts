/** One round that sent memory ahead. */
export interface Round {
  durationMs: number;
  /** Memory that was read. */
  scannedBytes: number;
  /** Pages that differed from what the destination had. */
  changedBytes: number;
  /** What they took on the wire. */
  sentBytes: number;
}

export interface StopLimits {
  /** The pause to aim at. */
  downtimeMs: number;
  /** What the pause takes beside the sending of memory. */
  fixedMs: number;
  /** Reading and comparing, per byte of the container's memory; 0 where it is put off until the container runs again. */
  compareMsPerByte: number;
  /** What is left can follow the container: then it is no use to send again what changes again at once. */
  leftFollows: boolean;
  mostRounds: number;
  /** For all rounds but the first, which has everything to send. */
  mostMs: number;
}

/** Whether a further round is worth it, and why not. */
export type StopVerdict = { stop: false } | { stop: true; reason: string };

/** So few pages are sent in no time. */
const smallBytes = 64 * 4096;
/** A round that leaves more than this part of what the one before left does not converge. */
const shrinkingPart = 0.9;

/**
 * Whether the rounds of pre-copy end here, pure. The rules are those of live migration since Clark et al., "Live Migration of
 * Virtual Machines" (NSDI 2005): little is left, it no longer shrinks, a limit is reached; and, as in QEMU, what is left can
 * be sent within the pause that the user allows.
 *
 * @param rounds - all so far, the newest last
 * @param linkBytesPerSecond - as the rounds themselves showed it
 */
export function stopRule(rounds: readonly Round[], linkBytesPerSecond: number, limits: StopLimits): StopVerdict {
  const last = rounds.at(-1);
  if (last === undefined) return { stop: false };
  // what changed in the last round is what would be left now, had the container gone on as it did
  const leftMs =
    (last.sentBytes / linkBytesPerSecond) * 1000 + limits.fixedMs + last.scannedBytes * limits.compareMsPerByte;
  const later = rounds.slice(1);
  if (rounds.length > 1 && last.changedBytes <= smallBytes)
    return { stop: true, reason: `${last.changedBytes >> 10} KiB left` };
  if (rounds.length > 1 && leftMs <= limits.downtimeMs) {
    return { stop: true, reason: `what is left fits into ${limits.downtimeMs} ms` };
  }
  if (rounds.length >= limits.mostRounds) return { stop: true, reason: `${rounds.length} rounds` };
  if (later.reduce((sum, { durationMs }) => sum + durationMs, 0) > limits.mostMs)
    return { stop: true, reason: 'time is up' };
  const [before, beforeThat] = [rounds.at(-2), rounds.at(-3)];
  if (limits.leftFollows && before !== undefined && last.changedBytes > before.changedBytes / 2)
    return { stop: true, reason: 'it hardly shrinks, and what is left can follow' };
  const grows = (newer?: Round, older?: Round) =>
    newer !== undefined && older !== undefined && newer.changedBytes > shrinkingPart * older.changedBytes;
  if (rounds.length > 3 && grows(last, before) && grows(before, beforeThat)) {
    return { stop: true, reason: 'it no longer shrinks' };
  }
  return { stop: false };
}
