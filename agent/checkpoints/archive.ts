import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { TagalongError } from '../../broker/contract/errors.ts';
import { memberNames } from './archiveWriter.ts';
import { type Metadata, readMetadata } from './metadata.ts';
import { readTarEntries } from './tarEntries.ts';
import { blockBytes, decodeHeader, encodeHeader, isZero, paddingBytes } from './tarHeader.ts';
import { makeTreeGuard } from './treeGuard.ts';

/** An archive whose outline was read: it is as long as it says, and its metadata are whole. */
export interface Archive {
  readonly path: string;
  readonly sizeBytes: number;
  readonly metadata: Metadata;
  /** Names of CRIU's image files. */
  readonly imageNames: readonly string[];
  has(name: string): boolean;
  /**
   * Reads all of it: every digest, and every name in the trees that would be unpacked.
   * @throws TagalongError `archive-unusable`
   */
  verify(): Promise<void>;
  /** The content of a member. @throws TagalongError `archive-unusable`, at its end, where the digest is another one */
  read(name: string): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

interface Member {
  name: string;
  offset: number;
  sizeBytes: number;
}

const chunkBytes = 1 << 20;
const metadataLimitBytes = 64 << 20;
/** As CRIU and runC name what they write; no slash, no leading point. */
const imageName = /^checkpoint\/([A-Za-z0-9][A-Za-z0-9._-]{0,80})$/;
const trees: readonly string[] = [memberNames.state, memberNames.changes];

/**
 * Opens a checkpoint archive and reads its outline; `verify` reads the rest.
 *
 * @throws TagalongError `archive-unusable` saying what is wrong with it
 */
export async function openArchive(path: string): Promise<Archive> {
  const refuse = (problem: string, cause?: unknown) =>
    new TagalongError('archive-unusable', { file: path, problem }, cause);
  // without waiting: a FIFO under this name would hold us for ever
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw refuse(error.code === 'ENOENT' ? 'there is no such file' : error.message, error);
  });
  try {
    return await readOutline(file, path, refuse);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readOutline(file: FileHandle, path: string, refuse: (problem: string) => Error): Promise<Archive> {
  const found = await file.stat();
  if (!found.isFile()) throw refuse('it is not a file');
  const sizeBytes = found.size;

  async function readAt(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw refuse('it is truncated');
      done += bytesRead;
    }
    return bytes;
  }

  const members = await readMembers(readAt, sizeBytes, refuse);
  const byName = new Map(members.map((member) => [member.name, member]));
  if (byName.size !== members.length) throw refuse('a name is in it twice');
  const small = (name: string) => {
    const member = byName.get(name);
    if (member === undefined) throw refuse(`it holds no ${name}`);
    if (member.sizeBytes > metadataLimitBytes) throw refuse(`its ${name} is too large`);
    return readAt(member.offset, member.sizeBytes);
  };
  const text = await small(memberNames.metadata);
  const digest = createHash('sha256').update(text).digest('hex');
  if ((await small(memberNames.metadataDigest)).toString('latin1') !== `${digest}  ${memberNames.metadata}\n`)
    throw refuse('its metadata do not have the digest that they should have');
  const metadata = readMetadata(text.toString('utf8'), refuse);
  checkParts(metadata, members, refuse);
  const parts = new Map(metadata.parts.map((part) => [part.name, part]));

  async function* read(name: string): AsyncGenerator<Buffer> {
    const member = byName.get(name);
    const part = parts.get(name);
    if (member === undefined || part === undefined) throw refuse(`it holds no ${name}`);
    const hash = createHash('sha256');
    for (let done = 0; done < member.sizeBytes; ) {
      const chunk = await readAt(member.offset + done, Math.min(chunkBytes, member.sizeBytes - done));
      hash.update(chunk);
      done += chunk.length;
      yield chunk;
    }
    if (hash.digest('hex') !== part.sha256) throw refuse(`its ${name} does not have the digest that it should have`);
  }

  return {
    path,
    sizeBytes,
    metadata,
    imageNames: members.flatMap(({ name }) => imageName.exec(name)?.[1] ?? []),
    has: (name) => parts.has(name),
    read,
    async verify() {
      for (const { name } of metadata.parts) for await (const _ of read(name));
      const guard = makeTreeGuard(metadata.spec, refuse);
      for (const name of trees) {
        if (name === memberNames.changes) guard.remove(metadata.removed);
        const member = byName.get(name);
        if (member === undefined) continue;
        const within = (offset: number, length: number) => readAt(member.offset + offset, length);
        for await (const entry of readTarEntries(within, member.sizeBytes, (problem) =>
          refuse(`its ${name} is damaged: ${problem}`),
        ))
          guard.admit(entry);
      }
    },
    close: () => file.close(),
  };
}

/**
 * Lists the members. Only what {@link encodeHeader} would have written is taken for a header, so there is nothing in an
 * archive but plain files, and no bit of it can change unseen.
 */
async function readMembers(
  readAt: (offset: number, length: number) => Promise<Buffer>,
  sizeBytes: number,
  refuse: (problem: string) => Error,
): Promise<Member[]> {
  const members: Member[] = [];
  let at = 0;
  for (;;) {
    const header = await readAt(at, blockBytes);
    if (isZero(header)) break;
    const raw = decodeHeader(header);
    if (raw === undefined || !header.equals(encodeHeader(raw.name, raw.sizeBytes, raw.modifiedS)))
      throw refuse(members.length === 0 ? 'it is not a checkpoint of Tagalong' : `it is damaged at byte ${at}`);
    if (!imageName.test(raw.name) && !Object.values<string>(memberNames).includes(raw.name))
      throw refuse(`it holds ${JSON.stringify(raw.name)}, which no checkpoint has`);
    const offset = at + blockBytes;
    const end = offset + raw.sizeBytes;
    if (end > sizeBytes) throw refuse('it is truncated');
    if (!isZero(await readAt(end, paddingBytes(raw.sizeBytes)))) throw refuse(`it is damaged behind byte ${end}`);
    members.push({ name: raw.name, offset, sizeBytes: raw.sizeBytes });
    at = end + paddingBytes(raw.sizeBytes);
  }
  if (!isZero(await readAt(at, 2 * blockBytes)) || at + 2 * blockBytes !== sizeBytes)
    throw refuse('it does not end where it should');
  return members;
}

function checkParts(metadata: Metadata, members: readonly Member[], refuse: (problem: string) => Error): void {
  const own: readonly string[] = [memberNames.metadata, memberNames.metadataDigest];
  const outline = (list: readonly { name: string; sizeBytes: number }[]) =>
    JSON.stringify(list.map(({ name, sizeBytes }) => [name, sizeBytes]));
  if (outline(metadata.parts) !== outline(members.filter(({ name }) => !own.includes(name))))
    throw refuse('it does not hold what its metadata say');
  if (!metadata.parts.some(({ name }) => name === memberNames.state)) throw refuse(`it holds no ${memberNames.state}`);
  if (!metadata.parts.some(({ name }) => imageName.test(name))) throw refuse('it holds no images of CRIU');
}
