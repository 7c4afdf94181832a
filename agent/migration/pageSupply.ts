import type { Readable, Writable } from 'node:stream';
import { linesOf } from '../channel/lines.ts';
import { broken, encodeHeader, put } from '../channel/records.ts';
import type { EncodingChoice } from '../memory/encodingChoice.ts';
import { unpackRuns } from '../memory/pageRecords.ts';
import { makePageSet, type PageSet, pieces, without } from '../memory/pageSet.ts';
import type { PageRun } from '../memory/pageStore.ts';
import { makePageWriter } from '../memory/pageWriter.ts';
import type { ProcessMemory } from '../memory/processMemory.ts';
import { type KnownPages, makeScanBuffers, scan } from '../memory/scan.ts';
import { type SupplyLine, supplyLineSchema } from '../pager/supply.ts';
import { untilAborted } from './untilAborted.ts';

/** What the frozen processes here still owe to their container, which runs at the destination. */
export interface PageSupply {
  /** Serves the destination's pager until it ends the stream; it may come again. */
  serve(input: Readable, output: Writable): Promise<void>;
  /** The container runs there: from now on what nobody asked for is sent as well, and not only what is waited for. */
  begin(): void;
  /** The destination has everything. */
  release(): void;
  readonly released: Promise<void>;
  /** Pages that turned out to differ from what the destination had. */
  changedRuns(): PageRun[];
}

/** One look at the queue between two pieces takes in so much memory; smaller ones keep waiting faults short. */
const pieceBytes = 128 << 10;
/** So much may be under way before the receiver has said that it got it: what a process waits for queues behind it. */
const leastWindowBytes = 64 << 10;
const mostWindowBytes = 4 << 20;
const windowMs = 30;
/** The longest line tells what the receiver has: a run in some twenty bytes. */
const mostLineBytes = 32 << 20;

/**
 * @param runs - what the destination may need of each process's memory and does not have for certain
 * @param store - what the destination has; it is compared with, and not written to
 * @param linkBytesPerSecond - what the link was measured to carry
 */
export function makePageSupply(options: {
  processes: readonly ProcessMemory[];
  runs: readonly PageRun[];
  store: KnownPages | undefined;
  pageBytes: number;
  choice: EncodingChoice;
  linkBytesPerSecond: () => number | undefined;
  onSent: (bytes: number) => void;
}): PageSupply {
  const { processes, store, pageBytes, choice } = options;
  const memoryOf = new Map(processes.map((process) => [process.pid, process]));
  const changed = makePageSet();
  const released = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();

  async function sendAll(todo: Todo, flight: Flight, output: Writable, over: AbortSignal): Promise<void> {
    const buffers = makeScanBuffers();
    const writer = makePageWriter({
      pageBytes,
      choice,
      async write(...parts) {
        const bytes = parts.reduce((sum, { length }) => sum + length, 0);
        options.onSent(bytes);
        flight.sent(bytes);
        for (const part of parts) await put(output, part);
      },
    });
    const visitor = {
      same: writer.same,
      zero(run: PageRun) {
        changed.add(run);
        writer.zero(run);
      },
      async changed(run: PageRun, bytes: Buffer, before: Buffer | undefined) {
        changed.add(run);
        await writer.changed(run, bytes, before);
      },
    };
    let hasBegun = false;
    void begun.promise.then(() => {
      hasBegun = true;
    });
    for (;;) {
      over.throwIfAborted();
      const run = hasBegun ? todo.next() : todo.nextWanted();
      if (run === undefined && hasBegun) break;
      if (run === undefined) {
        await untilAborted(Promise.race([begun.promise, todo.moreWanted()]), over);
        continue;
      }
      const memory = memoryOf.get(run.pid);
      if (memory !== undefined) await scan(run, memory.read, store, visitor, buffers, pageBytes);
      await writer.flush();
      await flight.belowWindow(todo.hasWanted);
    }
    await put(output, encodeHeader({ kind: 'end', sizeBytes: 0 }));
  }

  return {
    async serve(input, output) {
      const over = new AbortController();
      let todo: Todo | undefined;
      const flight = makeFlight(() => {
        const rate = options.linkBytesPerSecond() ?? Number.POSITIVE_INFINITY;
        return Math.min(mostWindowBytes, Math.max(leastWindowBytes, (rate * windowMs) / 1000));
      });
      let sending: Promise<void> | undefined;
      try {
        for await (const line of linesOf(input, mostLineBytes)) {
          const said = readLine(line);
          if ('have' in said) {
            todo ??= makeTodo(
              options.runs,
              asSet(unpackRuns(said.have)),
              Math.max(1, Math.floor(pieceBytes / pageBytes)),
            );
            sending ??= sendAll(todo, flight, output, over.signal);
            sending.catch(() => output.destroy());
          } else if ('want' in said) {
            for (const run of unpackRuns(said.want)) todo?.want(run);
            flight.wake();
          } else flight.got(said.gotRecords);
        }
      } finally {
        // nobody listens any more, be it because all has come
        over.abort(broken('the receiver has gone'));
        flight.close();
      }
      await sending;
    },
    begin: () => begun.resolve(),
    release: () => released.resolve(),
    released: released.promise,
    changedRuns: () => changed.runs(),
  };
}

function readLine(line: string): SupplyLine {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    throw broken('a line is not JSON');
  }
  const checked = supplyLineSchema.safeParse(said);
  if (!checked.success) throw broken('a line is not valid');
  return checked.data;
}

function asSet(runs: readonly PageRun[]): PageSet {
  const set = makePageSet();
  for (const run of runs) set.add(run);
  return set;
}

interface Todo {
  next(): PageRun | undefined;
  want(run: PageRun): void;
  hasWanted(): boolean;
  nextWanted(): PageRun | undefined;
  /** Resolves when something is wanted. */
  moreWanted(): Promise<void>;
}

/** What is to be sent, in order, but for what somebody waits for. A page that was sent out of turn is not sent again. */
function makeTodo(all: readonly PageRun[], have: PageSet, pagesAtOnce: number): Todo {
  const missing = without(all, have);
  const inOrder = missing.flatMap((run) => pieces(run, pagesAtOnce));
  const isMissing = asSet(missing);
  const outOfTurn = makePageSet();
  const wanted: PageRun[] = [];
  let at = 0;
  const ahead: PageRun[] = [];
  let more = Promise.withResolvers<void>();
  return {
    nextWanted: () => wanted.shift(),
    async moreWanted() {
      if (wanted.length === 0) await more.promise;
    },
    hasWanted: () => wanted.length > 0,
    want(run) {
      // who asks asks for what lies around as well, whether that is there or not
      const isOfNoUse = (pid: number, page: number) => !isMissing.has(pid, page) || outOfTurn.has(pid, page);
      for (const piece of without([run], { has: isOfNoUse })) {
        outOfTurn.add(piece);
        wanted.push(piece);
        more.resolve();
        more = Promise.withResolvers<void>();
      }
    },
    next() {
      const first = wanted.shift();
      if (first !== undefined) return first;
      for (;;) {
        // what was put back may have been wanted meanwhile: nothing goes twice, since a difference must not be applied twice
        const piece = ahead.shift() ?? inOrder[at++];
        if (piece === undefined) return undefined;
        const [left, ...others] = without([piece], outOfTurn);
        ahead.unshift(...others);
        if (left === undefined) continue;
        outOfTurn.add(left); // asked for after this, it is on its way
        return left;
      }
    },
  };
}

interface Flight {
  /** One record went out. */
  sent(bytes: number): void;
  /** So many arrived. */
  got(records: number): void;
  /** Resolves when less is under way than the window holds, or when something is wanted out of turn. */
  belowWindow(isUrgent: () => boolean): Promise<void>;
  wake(): void;
  close(): void;
}

function makeFlight(windowBytes: () => number): Flight {
  const records: number[] = [];
  let underWay = 0;
  let closed = false;
  let waiter: (() => void) | undefined;
  const wake = () => {
    waiter?.();
    waiter = undefined;
  };
  return {
    sent(bytes) {
      records.push(bytes);
      underWay += bytes;
    },
    got(count) {
      for (const bytes of records.splice(0, count)) underWay -= bytes;
      wake();
    },
    async belowWindow(isUrgent) {
      while (!closed && underWay > windowBytes() && !isUrgent())
        await new Promise<void>((resolve) => (waiter = resolve));
    },
    wake,
    close() {
      closed = true;
      wake();
    },
  };
}
