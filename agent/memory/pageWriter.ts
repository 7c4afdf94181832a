import { encodeHeader } from '../channel/records.ts';
import type { EncodingChoice } from './encodingChoice.ts';
import {
  batchBytes,
  compress,
  exclusiveOr,
  mostPagesNamed,
  type PageEncoding,
  type PageHeader,
  packRuns,
} from './pageRecords.ts';
import type { PageRun } from './pageStore.ts';

/** Collects pages into batches and writes those out. */
export interface PageWriter {
  /**
   * Pages as they are now.
   * @param before - what the receiver has of them, if anything
   */
  changed(run: PageRun, bytes: Buffer, before: Buffer | undefined): Promise<void>;
  /** Pages of zeros. */
  zero(run: PageRun): void;
  /** Pages that are as the receiver has them. */
  same(run: PageRun): void;
  /** Writes out what is collected. */
  flush(): Promise<void>;
}

/** Pages of which nothing is written are named so many runs at a time. */
const runsAtOnce = 2048;

/**
 * @param write - takes one record, in one or two pieces; resolves when they can be used again
 * @param choice - whether compressing pays
 */
export function makePageWriter(options: {
  pageBytes: number;
  write: (...pieces: Buffer[]) => Promise<void>;
  choice: EncodingChoice;
}): PageWriter {
  const { pageBytes, write, choice } = options;
  const capacity = Math.max(1, Math.floor(batchBytes / pageBytes));
  const batch = Buffer.allocUnsafeSlow(capacity * pageBytes);
  const earlier = Buffer.allocUnsafeSlow(capacity * pageBytes);
  let count = 0;
  /** Whether what the batch holds can be told as a difference: all of it, or none. */
  let asDifference = false;
  const runs: { pages: PageRun[]; zero: PageRun[]; same: PageRun[] } = { pages: [], zero: [], same: [] };

  function add(list: PageRun[], run: PageRun): void {
    const last = list.at(-1);
    if (last !== undefined && last.pid === run.pid && last.page + last.count === run.page) last.count += run.count;
    else list.push({ ...run });
  }

  async function flushPages(): Promise<void> {
    if (count === 0) return;
    const plain = batch.subarray(0, count * pageBytes);
    const { encoding, content } = encode(plain);
    const header: PageHeader = { kind: 'pages', sizeBytes: content.length, encoding, runs: packRuns(runs.pages) };
    runs.pages = [];
    count = 0;
    await write(encodeHeader(header), content);
  }

  function encode(plain: Buffer): { encoding: PageEncoding; content: Buffer } {
    if (!choice.worthTrying()) return { encoding: 'plain', content: plain };
    if (asDifference) exclusiveOr(plain, earlier.subarray(0, plain.length));
    const content = compress(plain);
    choice.tried(content.length / plain.length);
    if (content.length < plain.length) return { encoding: asDifference ? 'xor-zstd' : 'zstd', content };
    if (asDifference) exclusiveOr(plain, earlier.subarray(0, plain.length));
    return { encoding: 'plain', content: plain };
  }

  async function flushRuns(kind: 'zero' | 'same'): Promise<void> {
    const collected = runs[kind];
    runs[kind] = [];
    for (const portion of inPortions(collected)) {
      const header: PageHeader = { kind, sizeBytes: 0, runs: packRuns(portion) };
      await write(encodeHeader(header));
    }
  }

  return {
    async changed(run, bytes, before) {
      if (count > 0 && asDifference !== (before !== undefined)) await flushPages();
      asDifference = before !== undefined;
      for (let done = 0; done < run.count; ) {
        const pages = Math.min(run.count - done, capacity - count);
        const [from, to] = [done * pageBytes, (done + pages) * pageBytes];
        bytes.copy(batch, count * pageBytes, from, to);
        before?.copy(earlier, count * pageBytes, from, to);
        add(runs.pages, { pid: run.pid, page: run.page + done, count: pages });
        count += pages;
        done += pages;
        if (count === capacity) await flushPages();
      }
      if (runs.zero.length > runsAtOnce) await flushRuns('zero');
      if (runs.same.length > runsAtOnce) await flushRuns('same');
    },
    zero: (run) => add(runs.zero, run),
    same: (run) => add(runs.same, run),
    async flush() {
      await flushPages();
      await flushRuns('zero');
      await flushRuns('same');
    },
  };
}

/** The same runs, so many at a time as one record may name; long ones are cut. */
function inPortions(runs: readonly PageRun[]): PageRun[][] {
  const portions: PageRun[][] = [];
  let room = 0;
  for (const { pid, page, count } of runs) {
    for (let done = 0; done < count; ) {
      const last = portions.at(-1);
      const isFull = room === 0 || last === undefined || last.length === runsAtOnce;
      if (isFull) room = mostPagesNamed;
      const part = { pid, page: page + done, count: Math.min(count - done, room) };
      if (isFull) portions.push([part]);
      else last.push(part);
      room -= part.count;
      done += part.count;
    }
  }
  return portions;
}
