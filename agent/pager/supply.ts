import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Peers } from '../channel/peers.ts';
import { ByteReader, readHeader } from '../channel/records.ts';
import { decodePages, packRuns, pageHeaderSchemas, runsOf, runsOfAtMost } from '../memory/pageRecords.ts';
import { type PageSet, without } from '../memory/pageSet.ts';
import type { PageRun, PageStore } from '../memory/pageStore.ts';
import { takePages } from '../migration/takeRound.ts';

/** What the source sends while its pages are fetched: batches of pages, and an end. */
export const supplyHeaderSchema = z.discriminatedUnion('kind', [
  ...pageHeaderSchemas,
  z.object({ kind: z.literal('end'), sizeBytes: z.literal(0) }),
]);

/** So many pages at most are asked for in one line. */
const mostWanted = 4096;

/** What the receiver says, a line of JSON each. */
export const supplyLineSchema = z.union([
  /** First: what need not be sent. */
  z.object({ have: runsOfAtMost(1 << 24) }),
  /** A process waits for these. */
  z.object({ want: runsOfAtMost(mostWanted) }),
  /** So many records have been taken in since the last time. */
  z.object({ gotRecords: z.int().positive().max(1000) }),
]);
export type SupplyLine = z.output<typeof supplyLineSchema>;

const keyOf = (run: PageRun) => `${run.pid}/${run.page}`;

export interface Supply {
  /** Asks for pages before all others. */
  want(run: PageRun): void;
  /** Resolves when everything is here. It tries for ever: the processes wait meanwhile, and nothing is lost. */
  readonly complete: Promise<void>;
}

/**
 * Fetches from the frozen processes at the source what is not here yet, over one stream: the source sends all of it in
 * order, and what is asked for first.
 *
 * @param verified - pages that are here as they were when the processes were frozen; grows
 * @param onPages - called when it has grown
 */
export function startSupply(options: {
  peers: Peers;
  source: string;
  migration: string;
  store: PageStore;
  verified: PageSet;
  onPages: (receivedPages: number) => void;
  onState: (problem: string | undefined) => void;
  signal: AbortSignal;
}): Supply {
  const { peers, source, migration, store, verified, signal } = options;
  /** Pages that somebody waits for. */
  const asked = new Map<string, PageRun>();
  let stream: Duplex | undefined;
  /** Since pages last came. */
  let attempt = 0;
  const tell = (line: SupplyLine) => stream?.write(`${JSON.stringify(line)}\n`);

  /** @returns whether everything came */
  async function fetchOnce(): Promise<boolean> {
    const opened = await peers.converse(source, `/v1/migrations/${migration}/pages`, signal);
    stream = opened;
    tell({ have: packRuns(verified.runs()) });
    const missing = without([...asked.values()], verified);
    asked.clear();
    for (const run of missing) asked.set(keyOf(run), run);
    for (let at = 0; at < missing.length; at += mostWanted)
      tell({ want: packRuns(missing.slice(at, at + mostWanted)) });
    options.onState(undefined);
    options.onPages(0); // what somebody has waited for meanwhile is asked for
    const reader = new ByteReader(opened);
    for (;;) {
      const header = await readHeader(reader, supplyHeaderSchema);
      if (header.kind === 'end') {
        opened.end();
        return true;
      }
      const content = await reader.exactly(header.sizeBytes);
      take(header, content);
      attempt = 0;
      tell({ gotRecords: 1 });
    }
  }

  function take(header: Exclude<z.output<typeof supplyHeaderSchema>, { kind: 'end' }>, content: Buffer): void {
    let count = 0;
    // a page that is right already stays: a difference must not be applied twice
    if (header.kind === 'pages')
      for (const { run, bytes } of decodePages(header, content, store)) {
        for (const piece of without([run], verified)) {
          const at = (piece.page - run.page) * store.pageBytes;
          store.write(piece, bytes.subarray(at, at + piece.count * store.pageBytes));
        }
      }
    else if (header.kind === 'zero') for (const run of without(runsOf(header), verified)) store.zero(run);
    else takePages(header, content, store); // checks that they are here
    for (const run of runsOf(header)) {
      verified.add(run);
      count += run.count;
    }
    options.onPages(header.kind === 'same' ? 0 : count);
  }

  async function fetchAll(): Promise<void> {
    for (;;) {
      try {
        if (await fetchOnce()) return;
      } catch (error) {
        signal.throwIfAborted();
        stream?.destroy();
        stream = undefined;
        options.onState(error instanceof Error ? error.message : String(error));
        await wait(Math.min(2000, 50 * 2 ** Math.min(attempt, 6)), undefined, { signal });
        attempt += 1;
      }
    }
  }

  return {
    want(run) {
      const key = keyOf(run);
      if (asked.has(key)) return;
      // told when the stream is there, if it is not yet; what lies around may not exist, and is not asked for again
      asked.set(key, { ...run, count: 1 });
      tell({ want: packRuns([run]) });
    },
    complete: fetchAll(),
  };
}
