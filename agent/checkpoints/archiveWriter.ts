import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Metadata, Part } from './metadata.ts';
import { blockBytes, encodeHeader, paddingBytes } from './tarHeader.ts';

/** Members beside the images of CRIU, which lie in `checkpoint/`. */
export const memberNames = {
  /** The container's own files as they were read while it ran. */
  state: 'state.tar',
  /** What of them was different when it was frozen. */
  changes: 'changes.tar',
  /** The root file system below them, where the archive carries it. */
  image: 'image.tar',
  metadata: 'metadata.json',
  /** The digest of the metadata, as `sha256sum` writes it. */
  metadataDigest: 'metadata.json.sha256',
} as const;

/**
 * Writes a checkpoint archive: a tar of plain files, each with its digest in `metadata.json`, which comes last since only
 * then all is known. `tar --list`, `tar --extract` and `sha256sum --check metadata.json.sha256` understand it.
 */
export interface ArchiveWriter {
  /** Adds a member whose size shows as it comes. */
  add(name: string, content: AsyncIterable<Buffer>): Promise<Part>;
  /** Adds the metadata and the end, and waits until the disk has it all. @returns bytes of the whole file */
  finish(metadata: Omit<Metadata, 'parts'>): Promise<number>;
}

/**
 * @param file - new and empty, open for writing
 * @param createdAt - the time of all members
 */
export function makeArchiveWriter(file: FileHandle, createdAt: Date): ArchiveWriter {
  const modifiedS = Math.floor(createdAt.getTime() / 1000);
  const parts: Part[] = [];
  let end = 0;

  async function put(bytes: Buffer, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
    }
  }

  async function add(name: string, content: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<Part> {
    const start = end;
    const hash = createHash('sha256');
    let sizeBytes = 0;
    for await (const chunk of content) {
      hash.update(chunk);
      await put(chunk, start + blockBytes + sizeBytes);
      sizeBytes += chunk.length;
    }
    await put(encodeHeader(name, sizeBytes, modifiedS), start);
    await put(Buffer.alloc(paddingBytes(sizeBytes)), start + blockBytes + sizeBytes);
    end = start + blockBytes + sizeBytes + paddingBytes(sizeBytes);
    const part = { name, sizeBytes, sha256: hash.digest('hex') };
    parts.push(part);
    return part;
  }

  return {
    add,
    async finish(metadata) {
      const text = Buffer.from(`${JSON.stringify({ ...metadata, parts: [...parts] }, undefined, 2)}\n`);
      const { name, sha256 } = await add(memberNames.metadata, [text]);
      await add(memberNames.metadataDigest, [Buffer.from(`${sha256}  ${name}\n`)]);
      await put(Buffer.alloc(2 * blockBytes), end);
      end += 2 * blockBytes;
      await file.sync();
      return end;
    },
  };
}
