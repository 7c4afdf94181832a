import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Freezer } from '../../host/freezer.ts';
import type { Peers } from '../channel/peers.ts';
import { encodeHeader, put } from '../channel/records.ts';
import type { Base, BaseIdentity, Bases } from '../memory/bases.ts';
import { type EncodingChoice, makeEncodingChoice } from '../memory/encodingChoice.ts';
import { makePageSet, type PageSet } from '../memory/pageSet.ts';
import type { PageRun } from '../memory/pageStore.ts';
import { makePageWriter } from '../memory/pageWriter.ts';
import { openProcessMemory, type ProcessMemory } from '../memory/processMemory.ts';
import { makeScanBuffers, scan } from '../memory/scan.ts';
import type { Round } from '../memory/stopRule.ts';
import { type RoundHead, roundTakenSchema } from './takeRound.ts';

/** What one destination has of a container's memory, and how to bring it up to date while the container runs. */
export interface MemoryAhead {
  readonly to: string;
  readonly base: Base;
  readonly choice: EncodingChoice;
  /** Pages that changed in recent rounds: those that will most likely have changed again. */
  readonly hot: PageSet;
  /** Pages that were sent so far. */
  readonly sent: PageSet;
  readonly rounds: readonly Round[];
  /**
   * Reads all memory of the container, which runs on, and sends what differs.
   * @param rateBytesPerSecond - at most so much a second
   */
  round(freezer: Freezer, options: RoundOptions): Promise<Round>;
  /** How fast memory changed between the last two rounds; undefined before there are two. */
  dirtyBytesPerSecond(): number | undefined;
  /** As the last rounds showed it, or earlier transfers; undefined where nothing is known. */
  linkBytesPerSecond(): number | undefined;
}

export interface RoundOptions {
  signal: AbortSignal;
  rateBytesPerSecond?: number | undefined;
  onSent: (bytes: number) => void;
}

/** A round that sends less tells of set-up, not of throughput. */
const tellingBytes = 512 << 10;
/** Pages that changed in one of so many rounds are hot. */
const hotRounds = 4;

/** The memory of all processes that are in a container right now. The caller closes them. */
export async function openProcesses(freezer: Freezer, pageBytes: number): Promise<ProcessMemory[]> {
  const pids = await freezer.processes();
  return pids.flatMap((pid) => openProcessMemory(pid, pageBytes) ?? []);
}

/**
 * @param theirs - which base the destination says that it has of this container
 */
export function startMemoryAhead(options: {
  container: string;
  from: string;
  to: string;
  peers: Peers;
  bases: Bases;
  pageBytes: number;
  theirs: BaseIdentity | undefined;
}): MemoryAhead {
  const { container, from, to, peers, bases, pageBytes, theirs } = options;
  const known = theirs === undefined ? undefined : bases.open(container, theirs);
  const base = known ?? bases.create(container, randomUUID());
  let isNew = known === undefined;
  const rounds: Round[] = [];
  const recent: PageRun[][] = [];
  const hot = makePageSet();
  const sent = makePageSet();
  const buffers = makeScanBuffers();
  let measured: number | undefined;
  const startedMs: number[] = [];
  const linkBytesPerSecond = () => measured ?? peers.links()[to]?.throughputBytesPerSecond;
  const choice = makeEncodingChoice(linkBytesPerSecond);

  async function sendRound(freezer: Freezer, round: RoundOptions, changed: PageSet): Promise<Round> {
    const processes = await openProcesses(freezer, pageBytes);
    const startedMs = performance.now();
    let [scannedBytes, sentBytes] = [0, 0];
    const pace = makePace(round.rateBytesPerSecond, round.signal);
    const { id, sequence } = base.identity;
    try {
      const taken = await peers.send(
        to,
        `/v1/bases/${container}`,
        async (output) => {
          const head: RoundHead = { kind: 'round', sizeBytes: 0, id, sequence, isNew, from };
          await put(output, encodeHeader(head));
          const writer = makePageWriter({
            pageBytes,
            choice,
            async write(...pieces) {
              for (const piece of pieces) await put(output, piece);
              await pace(pieces.reduce((sum, { length }) => sum + length, 0));
            },
          });
          const visitor = {
            same: () => undefined, // the destination keeps what is not named
            zero(run: PageRun) {
              changed.add(run);
              base.store.zero(run);
              writer.zero(run);
            },
            async changed(run: PageRun, bytes: Buffer, before: Buffer | undefined) {
              changed.add(run);
              base.store.write(run, bytes);
              await writer.changed(run, bytes, before);
            },
          };
          for (const process of processes) {
            for (const run of process.ownPages()) {
              round.signal.throwIfAborted();
              const { pid } = process;
              scannedBytes += await scan({ ...run, pid }, process.read, base.store, visitor, buffers, pageBytes);
            }
          }
          await writer.flush();
          await put(output, encodeHeader({ kind: 'end', sizeBytes: 0 }));
          output.end();
        },
        roundTakenSchema,
        {
          signal: round.signal,
          timeoutMs: 3_600_000,
          tells: round.rateBytesPerSecond === undefined,
          onSent(bytes) {
            sentBytes += bytes;
            round.onSent(bytes);
          },
        },
      );
      if (taken.sequence !== sequence + 1) throw new Error(`a round was taken for ${taken.sequence}`);
    } finally {
      for (const process of processes) process.close();
    }
    const durationMs = performance.now() - startedMs;
    return { durationMs, scannedBytes, changedBytes: changed.size * pageBytes, sentBytes };
  }

  return {
    to,
    base,
    choice,
    hot,
    sent,
    rounds,
    linkBytesPerSecond,
    dirtyBytesPerSecond() {
      const [before, last] = startedMs.slice(-2);
      const { changedBytes } = rounds.at(-1) ?? {};
      if (before === undefined || last === undefined || changedBytes === undefined || rounds.length < 2)
        return undefined;
      return (changedBytes / (last - before)) * 1000;
    },
    async round(freezer, round) {
      const changed = makePageSet();
      startedMs.push(performance.now());
      base.begin();
      try {
        const done = await sendRound(freezer, round, changed);
        base.advance();
        for (const run of changed.runs()) sent.add(run);
        if (done.sentBytes >= tellingBytes && round.rateBytesPerSecond === undefined)
          measured = (done.sentBytes / done.durationMs) * 1000;
        // a round that begins with nothing tells what there is, not what changes
        if (!isNew) recent.push(changed.runs());
        if (recent.length > hotRounds) recent.shift();
        hot.clear();
        for (const run of recent.flat()) hot.add(run);
        isNew = false;
        rounds.push(done);
        return done;
      } catch (error) {
        base.undo(changed.runs());
        throw error;
      }
    },
  };
}

/** Waits after each piece so long that the rate holds. */
function makePace(rateBytesPerSecond: number | undefined, signal: AbortSignal): (bytes: number) => Promise<void> {
  const startedMs = performance.now();
  let sentBytes = 0;
  return async (bytes) => {
    if (rateBytesPerSecond === undefined) return;
    sentBytes += bytes;
    const dueMs = startedMs + (sentBytes / rateBytesPerSecond) * 1000;
    const earlyMs = dueMs - performance.now();
    if (earlyMs > 1) await wait(earlyMs, undefined, { signal });
  };
}
