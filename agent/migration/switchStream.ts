import { closeSync, openSync, readFileSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { ByteReader, broken, encodeHeader, put, readHeader } from '../channel/records.ts';
import { compress, decompress, type PageHeader, pageHeaderSchemas } from '../memory/pageRecords.ts';
import { type RoundHead, roundHeadSchema } from './takeRound.ts';

const imageNameSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/);

/** Nothing is missing. */
const endSchema = z.object({
  kind: z.literal('end'),
  sizeBytes: z.literal(0),
  /** Whether all memory that is not named in this stream is as the receiver has it; else the source must be asked. */
  memoryComplete: z.boolean(),
});

/** What travels while the container is frozen, as one stream of records. */
export const recordHeaderSchema = z.discriminatedUnion('kind', [
  /** First: which base the memory builds on. */
  roundHeadSchema,
  ...pageHeaderSchemas,
  /**
   * Paths below the container's state directory: those to remove, before an archive is unpacked or after those that came
   * before, and those that the next archive holds.
   */
  z.object({
    kind: z.literal('files'),
    sizeBytes: z.literal(0),
    removed: z.array(z.string()),
    changed: z.array(z.string()),
  }),
  /** A piece of the tar archive of changed files. */
  z.object({ kind: z.literal('archive'), sizeBytes: z.int().nonnegative() }),
  /** One of CRIU's image files, a large one. */
  z.object({ kind: z.literal('image'), sizeBytes: z.int().nonnegative(), name: imageNameSchema }),
  /** Several small ones, one after the other. */
  z.object({
    kind: z.literal('images'),
    sizeBytes: z
      .int()
      .nonnegative()
      .max(8 << 20),
    compressed: z.boolean(),
    files: z
      .array(
        z.object({
          name: imageNameSchema,
          sizeBytes: z
            .int()
            .nonnegative()
            .max(1 << 20),
        }),
      )
      .max(10_000),
  }),
  /** The container ran for a moment: what was said of its memory so far may not be true any more. */
  z.object({ kind: z.literal('start-over'), sizeBytes: z.literal(0) }),
  /** Files and images are whole, and memory as far as it was named: the restore may begin. Nothing but memory follows. */
  z.object({ kind: z.literal('restorable'), sizeBytes: z.literal(0) }),
  endSchema,
]);
export type RecordHeader = z.output<typeof recordHeaderSchema>;

/** What follows `restorable`. */
const restHeaderSchema = z.discriminatedUnion('kind', [...pageHeaderSchemas, endSchema]);

/** Takes a piece of the stream; resolves when the piece can be used again. */
export type Write = (bytes: Buffer) => Promise<void>;

/** @param archive - the tar of changed files, if there are any */
export async function writeFileChanges(
  write: Write,
  { removed, changed }: { removed: string[]; changed: string[] },
  archive: Readable | undefined,
): Promise<void> {
  if (removed.length + changed.length > 0) {
    const header: RecordHeader = { kind: 'files', sizeBytes: 0, removed, changed };
    await write(encodeHeader(header));
  }
  if (archive === undefined) return;
  for await (const chunk of archive as AsyncIterable<Buffer>) {
    await write(encodeHeader({ kind: 'archive', sizeBytes: chunk.length }));
    await write(chunk);
  }
}

/** Images below this size travel together. */
const smallBytes = 64 << 10;
const togetherBytes = 4 << 20;

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
  const sized = names.map((name) => ({ name, sizeBytes: statSync(join(imageDirectory, name)).size }));
  const small = sized.filter(({ sizeBytes }) => sizeBytes <= smallBytes);
  for (const files of inPortions(small)) {
    const plain = Buffer.concat(files.map(({ name }) => readFileSync(join(imageDirectory, name))));
    const content = compressed ? compress(plain) : plain;
    const header: RecordHeader = { kind: 'images', sizeBytes: content.length, compressed, files };
    await write(Buffer.concat([encodeHeader(header), content]));
  }
  // one buffer for all: fresh ones cost more in page faults than the reading itself
  let buffer: Buffer | undefined;
  for (const { name, sizeBytes } of sized) {
    if (sizeBytes <= smallBytes) continue;
    await write(encodeHeader({ kind: 'image', sizeBytes, name } as RecordHeader));
    buffer ??= Buffer.allocUnsafeSlow(chunkBytes);
    for (const chunk of chunksOf(join(imageDirectory, name), buffer)) await write(chunk);
  }
}

function inPortions<T extends { sizeBytes: number }>(files: readonly T[]): T[][] {
  const portions: T[][] = [];
  let bytes = 0;
  for (const file of files) {
    if (portions.length === 0 || bytes + file.sizeBytes > togetherBytes) {
      portions.push([]);
      bytes = 0;
    }
    portions.at(-1)?.push(file);
    bytes += file.sizeBytes;
  }
  return portions;
}

/** `start-over` after an attempt to dump that failed; `restorable` between what the restore needs and the rest of the memory. */
export async function writeMark(write: Write, kind: 'start-over' | 'restorable'): Promise<void> {
  await write(encodeHeader({ kind, sizeBytes: 0 }));
}

/** The last record. */
export async function writeEnd(write: Write, memoryComplete: boolean): Promise<void> {
  await write(encodeHeader({ kind: 'end', sizeBytes: 0, memoryComplete } as RecordHeader));
}

/** What takes in the memory in a stream. */
export interface MemorySink {
  /** Which base the memory builds on. */
  onBase(head: RoundHead): void;
  /** What came so far vouches for nothing any more. */
  onStartOver(): void;
  /** One batch of pages. */
  onPages(header: PageHeader, content: Buffer): void;
}

/** What was read of a stream. */
export interface Switched {
  archived: boolean;
  files: { removed: string[]; changed: string[] };
  /** Whether what is not named is as the receiver has it. */
  memoryComplete: boolean;
  /** Reads on to the end, where only memory follows, which is complete then. @throws TagalongError `transfer-failed` */
  rest?: () => Promise<void>;
}

/**
 * Reads the stream as far as it is needed for the restore, which most often is to its end.
 *
 * @param into - where its parts go. The archive is a tar that unpacks into the state directory, until `unpacked`
 * @throws TagalongError `transfer-failed` where the stream breaks off or holds what it must not
 */
export async function readSwitchStream(
  input: AsyncIterable<Buffer>,
  into: { stateDirectory: string; archive: Writable; unpacked?: Promise<void>; imageDirectory: string },
  memory: MemorySink,
): Promise<Switched> {
  const reader = new ByteReader(input);
  let archived = false;
  const changed: string[] = [];
  const removed: string[] = [];
  const removedLater: string[] = [];
  for (;;) {
    const header = await readHeader(reader, recordHeaderSchema);
    switch (header.kind) {
      case 'end':
      case 'restorable': {
        if (removedLater.length > 0) {
          into.archive.end();
          await into.unpacked;
          await removePaths(into.stateDirectory, removedLater);
        }
        const files = { removed, changed };
        if (header.kind === 'end') return { archived, files, memoryComplete: header.memoryComplete };
        return { archived, files, memoryComplete: false, rest: () => readRest(reader, memory) };
      }
      case 'round':
        memory.onBase(header);
        break;
      case 'start-over':
        memory.onStartOver();
        break;
      case 'files':
        checkPaths([...header.removed, ...header.changed]);
        changed.push(...header.changed);
        removed.push(...header.removed);
        // tar may still be about to make what is removed here
        if (archived) removedLater.push(...header.removed);
        else await removePaths(into.stateDirectory, header.removed);
        break;
      case 'archive':
        archived = true;
        for await (const chunk of reader.take(header.sizeBytes)) await put(into.archive, chunk).catch(() => undefined); // tar's own end tells
        break;
      case 'image':
        await writeImage(join(into.imageDirectory, header.name), reader.take(header.sizeBytes));
        break;
      case 'images':
        takeImages(into.imageDirectory, header, await reader.exactly(header.sizeBytes));
        break;
      default:
        memory.onPages(header, await reader.exactly(header.sizeBytes));
    }
  }
}

async function readRest(reader: ByteReader, memory: MemorySink): Promise<void> {
  for (;;) {
    const header = await readHeader(reader, restHeaderSchema);
    if (header.kind !== 'end') memory.onPages(header, await reader.exactly(header.sizeBytes));
    else if (header.memoryComplete) return;
    else throw broken('the rest of the memory is not all');
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

function takeImages(directory: string, header: Extract<RecordHeader, { kind: 'images' }>, content: Buffer): void {
  const wanted = header.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (wanted > 2 * togetherBytes) throw broken('the images in one record are too large');
  const plain = header.compressed ? decompress(content, wanted) : content;
  if (plain.length !== wanted) throw broken('images have not the length that they name');
  let at = 0;
  for (const { name, sizeBytes } of header.files) {
    writeFileSync(join(directory, name), plain.subarray(at, at + sizeBytes), { flag: 'wx', mode: 0o600 });
    at += sizeBytes;
  }
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

/** @throws TagalongError `transfer-failed` for a path that leaves the directory that it is below */
export function checkPaths(paths: readonly string[]): void {
  for (const path of paths) {
    if (path.startsWith('/') || path.split('/').includes('..')) throw broken(`the path ${path} leaves the container`);
  }
}

/** Removes what is named below a directory. @throws TagalongError `transfer-failed` for a path that leaves it */
export async function removePaths(top: string, paths: readonly string[]): Promise<void> {
  checkPaths(paths);
  for (const path of paths) await rm(join(top, path), { recursive: true, force: true });
}
