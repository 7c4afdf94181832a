import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { broken } from '../channel/records.ts';
import { exclusiveOr } from './pageDifference.ts';
import { without } from './pageSet.ts';
import type { PageRun, PageStore } from './pageStore.ts';

/** Pages that one record names, at most: whoever takes it in notes each of them. */
export const mostPagesNamed = 1 << 20;

/** Process, number of the first page, count. */
const runSchema = z.tuple([z.int().positive(), z.int().nonnegative(), z.int().positive().max(mostPagesNamed)]);
const runsSchema = z
  .array(runSchema)
  .max(4096)
  .refine((runs) => runs.reduce((sum, [, , count]) => sum + count, 0) <= mostPagesNamed);

/** How pages travel: in batches that name the pages they hold. */
export const pageHeaderSchemas = [
  z.object({
    kind: z.literal('pages'),
    sizeBytes: z
      .int()
      .nonnegative()
      .max(2 << 20),
    /** `xor-zstd`: the difference to what the receiver has of the same pages, compressed. */
    encoding: z.enum(['plain', 'zstd', 'xor-zstd']),
    runs: runsSchema,
  }),
  /** Pages of zeros. */
  z.object({ kind: z.literal('zero'), sizeBytes: z.literal(0), runs: runsSchema }),
  /** Pages that are as the receiver has them. */
  z.object({ kind: z.literal('same'), sizeBytes: z.literal(0), runs: runsSchema }),
] as const;

export const pageHeaderSchema = z.discriminatedUnion('kind', [...pageHeaderSchemas]);
export type PageHeader = z.output<typeof pageHeaderSchema>;
export type PageEncoding = Extract<PageHeader, { kind: 'pages' }>['encoding'];

/** The content of one batch is at most so large before it is compressed. */
export const batchBytes = 1 << 20;

/** Runs of pages, no more than so many in all: each page of them is noted where they are heard. */
export function runsOfAtMost(pages: number) {
  return z
    .array(z.tuple([z.int().positive(), z.int().nonnegative(), z.int().positive()]))
    .refine((runs) => runs.reduce((sum, [, , count]) => sum + count, 0) <= pages);
}

/** Runs as records and lines carry them. */
export const packRuns = (runs: readonly PageRun[]): z.output<typeof runsSchema> =>
  runs.map(({ pid, page, count }) => [pid, page, count]);

export const unpackRuns = (runs: z.output<typeof runsSchema>): PageRun[] =>
  runs.map(([pid, page, count]) => ({ pid, page, count }));

export const runsOf = (header: PageHeader): PageRun[] => unpackRuns(header.runs);

/** Compresses a batch at the level that costs least. */
export function compress(bytes: Buffer): Buffer {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

/**
 * The pages of a batch as they are.
 *
 * @param store - what the receiver has, for differences to it
 * @throws TagalongError `transfer-failed` where the content is not what the header says
 */
export function decodePages(
  header: Extract<PageHeader, { kind: 'pages' }>,
  content: Buffer,
  store: Pick<PageStore, 'pageBytes' | 'has' | 'read'>,
): { run: PageRun; bytes: Buffer }[] {
  const runs = runsOf(header);
  const wanted = runs.reduce((sum, { count }) => sum + count, 0) * store.pageBytes;
  if (wanted > batchBytes) throw broken('a batch of pages is too large');
  const plain = header.encoding === 'plain' ? content : decompress(content, wanted);
  if (plain.length !== wanted) throw broken('a batch of pages has not the length that it names');
  let at = 0;
  return runs.map((run) => {
    const bytes = plain.subarray(at, at + run.count * store.pageBytes);
    at += bytes.length;
    if (header.encoding === 'xor-zstd') exclusiveOr(bytes, knownBytes(run, store));
    return { run, bytes };
  });
}

function knownBytes(run: PageRun, store: Pick<PageStore, 'pageBytes' | 'has' | 'read'>): Buffer {
  if (without([run], store).length > 0) throw broken('a difference to a page that is not here');
  const bytes = Buffer.allocUnsafeSlow(run.count * store.pageBytes);
  store.read(run, bytes);
  return bytes;
}

/** @param wanted - the plain size. @throws TagalongError `transfer-failed` where it is another */
export function decompress(content: Buffer, wanted: number): Buffer {
  try {
    return zstdDecompressSync(content, { maxOutputLength: Math.max(1, wanted) });
  } catch {
    throw broken('a part of it cannot be decompressed');
  }
}
