import type { PageRun, PageStore } from './pageStore.ts';

/** Where pages are read from: a process, or one of CRIU's files. @returns how many could be read */
export type PageReader = (page: number, count: number, into: Buffer) => number;

/** What pages are compared with. */
export type KnownPages = Pick<PageStore, 'has' | 'read'>;

/** What a comparison finds. The buffers are valid only until the call has resolved. */
export interface ScanVisitor {
  /** @param before - what the store has of these pages, if anything */
  changed(run: PageRun, bytes: Buffer, before: Buffer | undefined): Promise<void>;
  /** Pages that are zeros now and were not, or not known to be. */
  zero(run: PageRun): void;
  same(run: PageRun): void;
}

/** The buffers of comparisons, kept for the next one: fresh ones cost more in page faults than the comparison. */
export interface ScanBuffers {
  fresh: Buffer;
  earlier: Buffer;
}

/** What is read at once: two of it stay in the cache of a processor, which a megabyte does not. */
const scanBytes = 256 << 10;

export function makeScanBuffers(): ScanBuffers {
  return { fresh: Buffer.allocUnsafeSlow(scanBytes), earlier: Buffer.allocUnsafeSlow(scanBytes) };
}

/**
 * Reads pages and compares them with a store.
 *
 * @param store - undefined where everything counts as changed
 * @returns how many bytes were read
 */
export async function scan(
  run: PageRun,
  read: PageReader,
  store: KnownPages | undefined,
  visitor: ScanVisitor,
  buffers: ScanBuffers,
  pageBytes: number,
): Promise<number> {
  const atOnce = Math.floor(buffers.fresh.length / pageBytes);
  let readBytes = 0;
  for (let done = 0; done < run.count; ) {
    const part = { pid: run.pid, page: run.page + done, count: Math.min(atOnce, run.count - done) };
    const count = read(part.page, part.count, buffers.fresh);
    await compare({ ...part, count }, store, visitor, buffers, pageBytes);
    readBytes += count * pageBytes;
    done += Math.max(count, 1); // a page that is gone is passed over
  }
  return readBytes;
}

async function compare(
  part: PageRun,
  store: KnownPages | undefined,
  visitor: ScanVisitor,
  { fresh, earlier }: ScanBuffers,
  pageBytes: number,
): Promise<void> {
  const { pid } = part;
  let start = 0;
  while (start < part.count) {
    const isKnown = store?.has(pid, part.page + start) ?? false;
    let end = start + 1;
    while (end < part.count && (store?.has(pid, part.page + end) ?? false) === isKnown) end += 1;
    const piece = { pid, page: part.page + start, count: end - start };
    const now = fresh.subarray(start * pageBytes, end * pageBytes);
    if (isKnown && store !== undefined) {
      const before = earlier.subarray(start * pageBytes, end * pageBytes);
      store.read(piece, before);
      if (now.equals(before)) visitor.same(piece);
      else await compareEach(piece, now, before, visitor, pageBytes);
    } else await compareEach(piece, now, undefined, visitor, pageBytes);
    start = end;
  }
}

type Kind = 'same' | 'zero' | 'changed';

async function compareEach(
  piece: PageRun,
  now: Buffer,
  before: Buffer | undefined,
  visitor: ScanVisitor,
  pageBytes: number,
): Promise<void> {
  const part = (of: Buffer, from: number, to: number) => of.subarray(from * pageBytes, to * pageBytes);
  const kindOf = (offset: number): Kind => {
    const bytes = part(now, offset, offset + 1);
    if (before !== undefined && part(before, offset, offset + 1).equals(bytes)) return 'same';
    return isZero(bytes) ? 'zero' : 'changed';
  };
  let kind = kindOf(0);
  for (let start = 0, end = 1; start < piece.count; end += 1) {
    const next = end < piece.count ? kindOf(end) : undefined;
    if (next === kind) continue;
    const run = { pid: piece.pid, page: piece.page + start, count: end - start };
    if (kind === 'changed')
      await visitor.changed(run, part(now, start, end), before === undefined ? undefined : part(before, start, end));
    else visitor[kind](run);
    start = end;
    if (next !== undefined) kind = next;
  }
}

const zeros = Buffer.alloc(1 << 16);

function isZero(bytes: Buffer): boolean {
  // most pages that are not zero show it at once
  if (bytes[0] !== 0 || bytes[bytes.length - 1] !== 0) return false;
  return bytes.equals(zeros.subarray(0, bytes.length));
}
