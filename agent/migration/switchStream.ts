import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import { thisNode } from '../channel/server.ts';

/**
 * What travels while the container is frozen, as one stream of records: a four-byte length (big endian), a JSON header of
 * that length, and `sizeBytes` bytes of content.
 */
export const recordHeaderSchema = z.discriminatedUnion('kind', [
  /** Paths below the container's state directory to remove before the archive is unpacked. */
  z.object({ kind: z.literal('removed'), sizeBytes: z.literal(0), paths: z.array(z.string()) }),
  /** A piece of the tar archive of changed files. */
  z.object({ kind: z.literal('archive'), sizeBytes: z.int().nonnegative() }),
  /** One of CRIU's image files. */
  z.object({
    kind: z.literal('image'),
    sizeBytes: z.int().nonnegative(),
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/),
  }),
  /** Nothing is missing. */
  z.object({ kind: z.literal('end'), sizeBytes: z.literal(0) }),
]);
export type RecordHeader = z.output<typeof recordHeaderSchema>;

const maximumHeaderBytes = 4 << 20;

/** Encodes the front of a record. */
export function encodeHeader(header: RecordHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const frame = Buffer.allocUnsafe(4 + json.length);
  frame.writeUInt32BE(json.length, 0);
  json.copy(frame, 4);
  return frame;
}

/** Resolves when the stream has done with the bytes, so that their buffer can be used again. */
async function put(output: Writable, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    output.write(bytes, (error) => {
      if (error) reject(new TagalongError('transfer-failed', { node: thisNode, problem: error.message }, error));
      else resolve();
    });
  });
}

/**
 * Writes the whole stream and ends it.
 *
 * @param archive - the tar of changed files, if there are any
 * @param imageDirectory - CRIU's images
 */
export async function writeSwitchStream(
  output: Writable,
  content: { removed: string[]; archive: Readable | undefined; imageDirectory: string },
): Promise<void> {
  if (content.removed.length > 0)
    await put(output, encodeHeader({ kind: 'removed', sizeBytes: 0, paths: content.removed }));
  if (content.archive !== undefined) {
    for await (const chunk of content.archive as AsyncIterable<Buffer>) {
      await put(output, encodeHeader({ kind: 'archive', sizeBytes: chunk.length }));
      await put(output, chunk);
    }
  }
  // one buffer for all: fresh ones cost more in page faults than the reading itself
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  for (const name of await readdir(content.imageDirectory)) {
    const path = join(content.imageDirectory, name);
    await put(output, encodeHeader({ kind: 'image', sizeBytes: statSync(path).size, name }));
    for (const chunk of chunksOf(path, buffer)) await put(output, chunk);
  }
  await put(output, encodeHeader({ kind: 'end', sizeBytes: 0 }));
  output.end();
}

/**
 * Reads the whole stream to its `end`.
 *
 * @param archive - the tar that unpacks into the container's state directory; its input is ended here if it got anything
 * @returns whether there was an archive
 * @throws TagalongError `transfer-failed` where the stream breaks off or holds what it must not
 */
export async function readSwitchStream(
  input: AsyncIterable<Buffer>,
  into: { stateDirectory: string; archive: Writable; imageDirectory: string },
): Promise<{ archived: boolean }> {
  const reader = new ByteReader(input);
  let archived = false;
  for (;;) {
    const header = await readHeader(reader);
    if (header.kind === 'end') return { archived };
    if (header.kind === 'removed') await removeAll(into.stateDirectory, header.paths);
    else if (header.kind === 'archive') {
      archived = true;
      for await (const chunk of reader.take(header.sizeBytes)) await put(into.archive, chunk).catch(() => undefined); // tar's own end tells
    } else await writeImage(join(into.imageDirectory, header.name), reader.take(header.sizeBytes));
  }
}

const chunkBytes = 1 << 20;

/**
 * A file in chunks, each in the same buffer. Images lie on a tmpfs, where a read is a copy in memory: to hand each over to another thread and back
 * would take several times as long, and all this is frozen time.
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

async function readHeader(reader: ByteReader): Promise<RecordHeader> {
  const length = (await reader.exactly(4)).readUInt32BE(0);
  if (length > maximumHeaderBytes) throw broken('a record header is too long');
  let raw: unknown;
  try {
    raw = JSON.parse((await reader.exactly(length)).toString('utf8'));
  } catch (error) {
    if (error instanceof TagalongError) throw error;
    throw broken('a record header is not JSON');
  }
  const checked = recordHeaderSchema.safeParse(raw);
  if (!checked.success) throw broken('a record header is not valid');
  return checked.data;
}

function broken(problem: string): TagalongError {
  return new TagalongError('transfer-failed', { node: thisNode, problem });
}

async function removeAll(top: string, paths: string[]): Promise<void> {
  for (const path of paths) {
    if (path.startsWith('/') || path.split('/').includes('..')) throw broken(`the path ${path} leaves the container`);
    await rm(join(top, path), { recursive: true, force: true });
  }
}

/** Cuts a stream of chunks into pieces of asked-for lengths, without copying large ones. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(input: AsyncIterable<Buffer>) {
    this.#chunks = input[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes, in one piece. */
  async exactly(count: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.take(count)) pieces.push(piece);
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  /** So many bytes, in the pieces in which they come. */
  async *take(count: number): AsyncGenerator<Buffer> {
    let missing = count;
    while (missing > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done) throw broken('the stream broke off');
        this.#rest = next.value;
      }
      const piece = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(piece.length);
      missing -= piece.length;
      yield piece;
    }
  }
}
