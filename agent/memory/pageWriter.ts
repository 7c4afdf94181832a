import { encodeHeader } from '../channel/records.ts';
import type { EncodingChoice } from './encodingChoice.ts';
import { exclusiveOr, isSparse } from './pageDifference.ts';
import { batchBytes, compress, mostPagesNamed, type PageEncoding, type PageHeader, packRuns } from './pageRecords.ts';
import { addRun } from './pageSet.ts';
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
  const whole = makeBatch(capacity, pageBytes);
  /** Differences to what the receiver has, of pages that changed little. */
  const sparse = makeBatch(capacity, pageBytes);
  const runs: { zero: PageRun[]; same: PageRun[] } = { zero: [], same: [] };

  async function put(batch: Batch, page: PageRun, bytes: Buffer, before: Buffer | undefined): Promise<void> {
    batch.add(page, bytes, before);
    if (batch.isFull()) await flushBatch(batch);
  }

  async function flushBatch(batch: Batch): Promise<void> {
    const { pages, content: plain } = batch.take();
    if (pages.length === 0) return;
    const { encoding, content } = batch === sparse ? difference(plain) : encode(plain);
    const header: PageHeader = { kind: 'pages', sizeBytes: content.length, encoding, runs: packRuns(pages) };
    await write(encodeHeader(header), content);
  }

  // mostly zeros: to compress them takes less time than any link takes for what is left out
  const difference = (plain: Buffer) => ({ encoding: 'xor-zstd' as const, content: compress(plain) });

  function encode(plain: Buffer): { encoding: PageEncoding; content: Buffer } {
    if (!choice.worthTrying()) return { encoding: 'plain', content: plain };
    const content = compress(plain);
    choice.tried(content.length / plain.length);
    return content.length < plain.length ? { encoding: 'zstd', content } : { encoding: 'plain', content: plain };
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
      for (let offset = 0; offset < run.count; offset += 1) {
        const page = { pid: run.pid, page: run.page + offset, count: 1 };
        const [from, to] = [offset * pageBytes, (offset + 1) * pageBytes];
        const [now, then] = [bytes.subarray(from, to), before?.subarray(from, to)];
        if (then !== undefined && isSparse(now, then)) await put(sparse, page, now, then);
        else await put(whole, page, now, undefined);
      }
      if (runs.zero.length > runsAtOnce) await flushRuns('zero');
      if (runs.same.length > runsAtOnce) await flushRuns('same');
    },
    zero: ({ pid, page, count }) => addRun(runs.zero, pid, page, count),
    same: ({ pid, page, count }) => addRun(runs.same, pid, page, count),
    async flush() {
      await flushBatch(whole);
      await flushBatch(sparse);
      await flushRuns('zero');
      await flushRuns('same');
    },
  };
}

/** Pages that go out together. */
interface Batch {
  /** @param before - where not the page but its difference to this is to go out */
  add(page: PageRun, bytes: Buffer, before: Buffer | undefined): void;
  isFull(): boolean;
  /** Empties it. The content is valid until something is added. */
  take(): { pages: PageRun[]; content: Buffer };
}

function makeBatch(capacity: number, pageBytes: number): Batch {
  let memory: Buffer | undefined; // many a writer never has anything of one kind
  let pages: PageRun[] = [];
  let count = 0;
  return {
    add(page, bytes, before) {
      memory ??= Buffer.allocUnsafeSlow(capacity * pageBytes);
      const place = memory.subarray(count * pageBytes, (count + 1) * pageBytes);
      bytes.copy(place);
      if (before !== undefined) exclusiveOr(place, before);
      addRun(pages, page.pid, page.page, page.count);
      count += 1;
    },
    isFull: () => count === capacity,
    take() {
      const taken = { pages, content: memory?.subarray(0, count * pageBytes) ?? Buffer.alloc(0) };
      pages = [];
      count = 0;
      return taken;
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
