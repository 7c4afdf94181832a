import { closeSync, openSync, readFileSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { ByteReader, broken, encodeHeader, put, readHeader } from '../channel/records.ts';
import { compress, type PageHeader, pageHeaderSchemas } from '../memory/pageRecords.ts';
import { type RoundHead, roundHeadSchema } from './takeRound.ts';

/** What travels while the container is frozen, as one stream of records. */
export const recordHeaderSchema = z.discriminatedUnion('kind', [
  /** First: which base the memory builds on. */
  roundHeadSchema,
  ...pageHeaderSchemas,
  /** Paths below the container's state directory to remove before the archive is unpacked. */
  z.object({ kind: z.literal('removed'), sizeBytes: z.literal(0), paths: z.array(z.string()) }),
  /** A piece of the tar archive of changed files. */
  z.object({ kind: z.literal('archive'), sizeBytes: z.int().nonnegative() }),
  /** One of CRIU's image files. */
  z.object({
    kind: z.literal('image'),
    sizeBytes: z.int().nonnegative(),
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/),
    /** Where it is compressed: its plain size. */
    zstdBytes: z
      .int()
      .nonnegative()
      .max(4 << 20)
      .optional(),
  }),
  /** Nothing is missing. */
  z.object({
    kind: z.literal('end'),
    sizeBytes: z.literal(0),
    /** Whether all memory that is not named in this stream is as the receiver has it; else the source must be asked. */
    memoryComplete: z.boolean(),
  }),
]);
export type RecordHeader = z.output<typeof recordHeaderSchema>;

/** Takes a piece of the stream; resolves when the piece can be used again. */
export type Write = (bytes: Buffer) => Promise<void>;

/** @param archive - the tar of changed files, if there are any */
export async function writeFileChanges(write: Write, removed: string[], archive: Readable | undefined): Promise<void> {
  if (removed.length > 0) await write(encodeHeader({ kind: 'removed', sizeBytes: 0, paths: removed } as RecordHeader));
  if (archive === undefined) return;
  for await (const chunk of archive as AsyncIterable<Buffer>) {
    await write(encodeHeader({ kind: 'archive', sizeBytes: chunk.length }));
    await write(chunk);
  }
}

const compressibleBytes = 1 << 20;

/**
 * @param names - files of the directory
 * @param compressed - whether small ones are sent compressed
 */
export async function writeImages(
  write: Write,
  imageDirectory: string,
  names: readonly string[],
  compressed: boolean,
): Promise<void> {
  // one buffer for all: fresh ones cost more in page faults than the reading itself
  let buffer: Buffer | undefined;
  for (const name of names) {
    const path = join(imageDirectory, name);
    const sizeBytes = statSync(path).size;
    if (compressed && sizeBytes <= compressibleBytes) {
      const content = compress(readFileSync(path));
      const header: RecordHeader = { kind: 'image', sizeBytes: content.length, name, zstdBytes: sizeBytes };
      await write(Buffer.concat([encodeHeader(header), content]));
      continue;
    }
    await write(encodeHeader({ kind: 'image', sizeBytes, name } as RecordHeader));
    buffer ??= Buffer.allocUnsafeSlow(chunkBytes);
    for (const chunk of chunksOf(path, buffer)) await write(chunk);
  }
}

/** The last record. */
export async function writeEnd(write: Write, memoryComplete: boolean): Promise<void> {
  await write(encodeHeader({ kind: 'end', sizeBytes: 0, memoryComplete } as RecordHeader));
}

/**
 * Reads the whole stream to its `end`.
 *
 * @param into - where its parts go. The archive is a tar that unpacks into the state directory
 * @param memory - takes in which base the memory builds on, and the batches of pages
 * @returns whether there was an archive, and what the end said
 * @throws TagalongError `transfer-failed` where the stream breaks off or holds what it must not
 */
export async function readSwitchStream(
  input: AsyncIterable<Buffer>,
  into: { stateDirectory: string; archive: Writable; imageDirectory: string },
  memory: { onBase: (head: RoundHead) => void; onPages: (header: PageHeader, content: Buffer) => void },
): Promise<{ archived: boolean; memoryComplete: boolean }> {
  const reader = new ByteReader(input);
  let archived = false;
  for (;;) {
    const header = await readHeader(reader, recordHeaderSchema);
    switch (header.kind) {
      case 'end':
        return { archived, memoryComplete: header.memoryComplete };
      case 'round':
        memory.onBase(header);
        break;
      case 'removed':
        await removeAll(into.stateDirectory, header.paths);
        break;
      case 'archive':
        archived = true;
        for await (const chunk of reader.take(header.sizeBytes)) await put(into.archive, chunk).catch(() => undefined); // tar's own end tells
        break;
      case 'image':
        await takeImage(join(into.imageDirectory, header.name), header, reader);
        break;
      default:
        memory.onPages(header, await reader.exactly(header.sizeBytes));
    }
  }
}

const chunkBytes = 1 << 20;

/**
 * A file in chunks, each in the same buffer. Images lie on a tmpfs, where a read is a copy in memory: to hand each over to
 * another thread and back would take several times as long, and all this is frozen time.
 */
function* chunksOf(path: string, buffer: Buffer): Generator<Buffer> {
  const file = openSync(path, 'r');
  try {
    for (;;) {
      const count = readSync(file, buffer);
      if (count === 0) return;
      yield buffer.subarray(0, count);
    }
  } finally {
    closeSync(file);
  }
}

async function takeImage(
  path: string,
  header: Extract<RecordHeader, { kind: 'image' }>,
  reader: ByteReader,
): Promise<void> {
  if (header.zstdBytes === undefined) {
    await writeImage(path, reader.take(header.sizeBytes));
    return;
  }
  if (header.sizeBytes > 2 * compressibleBytes) throw broken('a compressed image is too large');
  const content = await reader.exactly(header.sizeBytes);
  let plain: Buffer;
  try {
    plain = zstdDecompressSync(content, { maxOutputLength: Math.max(1, header.zstdBytes) });
  } catch {
    throw broken(`the image ${header.name} cannot be decompressed`);
  }
  if (plain.length !== header.zstdBytes) throw broken(`the image ${header.name} has not the length that it names`);
  writeFileSync(path, plain, { flag: 'wx', mode: 0o600 });
}

async function writeImage(path: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  const file = openSync(path, 'wx', 0o600);
  try {
    for await (const chunk of chunks) {
      for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
    }
  } finally {
    closeSync(file);
  }
}

async function removeAll(top: string, paths: string[]): Promise<void> {
  for (const path of paths) {
    if (path.startsWith('/') || path.split('/').includes('..')) throw broken(`the path ${path} leaves the container`);
    await rm(join(top, path), { recursive: true, force: true });
  }
}
