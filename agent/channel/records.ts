import type { Writable } from 'node:stream';
import type { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import { thisNode } from './server.ts';

/**
 * Streams of records between agents: a four-byte length (big endian), a JSON header of that length, and as many bytes of
 * content as its `sizeBytes` says.
 */
export interface RecordHead {
  kind: string;
  sizeBytes: number;
}

const maximumHeaderBytes = 4 << 20;

/** Encodes the front of a record. */
export function encodeHeader(header: RecordHead): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const frame = Buffer.allocUnsafe(4 + json.length);
  frame.writeUInt32BE(json.length, 0);
  json.copy(frame, 4);
  return frame;
}

/** Resolves when the stream has done with the bytes, so that their buffer can be used again. @throws `transfer-failed` */
export async function put(output: Writable, bytes: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    output.write(bytes, (error) => {
      if (error) reject(new TagalongError('transfer-failed', { node: thisNode, problem: error.message }, error));
      else resolve();
    });
  });
}

/** What is wrong with a stream, for who reads it. */
export function broken(problem: string): TagalongError {
  return new TagalongError('transfer-failed', { node: thisNode, problem });
}

/** Reads the front of the next record. @throws TagalongError `transfer-failed` where it is not as the schema says */
export async function readHeader<S extends z.ZodType>(reader: ByteReader, schema: S): Promise<z.output<S>> {
  const length = (await reader.exactly(4)).readUInt32BE(0);
  if (length > maximumHeaderBytes) throw broken('a record header is too long');
  let raw: unknown;
  try {
    raw = JSON.parse((await reader.exactly(length)).toString('utf8'));
  } catch (error) {
    if (error instanceof TagalongError) throw error;
    throw broken('a record header is not JSON');
  }
  const checked = schema.safeParse(raw);
  if (!checked.success) throw broken('a record header is not valid');
  return checked.data;
}

/** Cuts a stream of chunks into pieces of asked-for lengths, without copying large ones. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(input: AsyncIterable<Buffer>) {
    this.#chunks = input[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes, in one piece. @throws TagalongError `transfer-failed` where the stream ends before */
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
