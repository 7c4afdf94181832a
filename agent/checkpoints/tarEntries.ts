import { blockBytes, decodeHeader, isZero, paddingBytes } from './tarHeader.ts';

/** One entry of a tar that GNU tar wrote, as far as unpacking it could do harm. */
export interface TarEntry {
  type: 'file' | 'hard-link' | 'link' | 'device' | 'directory' | 'fifo';
  path: string;
  /** Of both kinds of links. */
  target: string;
  /** Character device 0/0, which stands for a deleted file. */
  isWhiteout: boolean;
  attributes: string[];
}

const types: Record<string, TarEntry['type']> = {
  '0': 'file',
  '1': 'hard-link',
  '2': 'link',
  '3': 'device',
  '4': 'device',
  '5': 'directory',
  '6': 'fifo',
};

/** What `--format=posix` with `--xattrs` and `--sparse` writes; another reader must not find a name where we saw none. */
const knownKeyword =
  /^(path|linkpath|size|[amc]time|[ug]id|[ug]name|GNU\.sparse\.(major|minor|name|realsize)|SCHILY\.xattr\..+)$/;
const extendedLimitBytes = 4 << 20;

/**
 * The entries of a tar, without their content.
 * Source: POSIX.1-2017 pax; GNU tar manual, "Storing Sparse Files" (format 1.0) and "Extended File Attributes".
 *
 * @param readAt - gives bytes of the tar
 * @param sizeBytes - of the whole tar
 * @param refuse - makes the error from what is wrong
 */
export async function* readTarEntries(
  readAt: (offset: number, length: number) => Promise<Buffer>,
  sizeBytes: number,
  refuse: (problem: string) => Error,
): AsyncGenerator<TarEntry> {
  let extended = new Map<string, string>();
  for (let at = 0; at < sizeBytes; ) {
    if (sizeBytes - at < blockBytes) throw refuse('it breaks off');
    const header = await readAt(at, blockBytes);
    if (isZero(header)) {
      // tar stops here: nothing may follow that it would not see and we would, or the other way round
      for (; at < sizeBytes; at += blockBytes)
        if (!isZero(await readAt(at, Math.min(blockBytes, sizeBytes - at)))) throw refuse('something follows its end');
      return;
    }
    const raw = decodeHeader(header);
    if (raw === undefined) throw refuse(`no header at byte ${at}`);
    const size = extended.get('size') ?? String(raw.sizeBytes);
    if (!/^\d{1,15}$/.test(size)) throw refuse(`a size that is none: ${size}`);
    const contentBytes = ['0', 'x'].includes(raw.type) ? Number(raw.type === 'x' ? raw.sizeBytes : size) : 0;
    const next = at + blockBytes + contentBytes + paddingBytes(contentBytes);
    if (next > sizeBytes) throw refuse('it breaks off');
    if (raw.type === 'x') {
      if (contentBytes > extendedLimitBytes) throw refuse('an extended header is too long');
      extended = readExtended(await readAt(at + blockBytes, contentBytes), refuse);
    } else {
      const type = types[raw.type];
      if (type === undefined) throw refuse(`an entry of type ${JSON.stringify(raw.type)}`);
      if (raw.sizeBytes !== 0 && type !== 'file') throw refuse('content where none belongs');
      yield {
        type,
        path: extended.get('GNU.sparse.name') ?? extended.get('path') ?? raw.name,
        target: extended.get('linkpath') ?? raw.linkName,
        isWhiteout: raw.type === '3' && raw.deviceMajor === 0 && raw.deviceMinor === 0,
        attributes: [...extended.keys()].flatMap((key) => (key.startsWith('SCHILY.xattr.') ? [key.slice(13)] : [])),
      };
      extended = new Map();
    }
    at = next;
  }
  throw refuse('it has no end');
}

/** Records of the form `length keyword=value\n`, the length counting all of it. */
function readExtended(content: Buffer, refuse: (problem: string) => Error): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(' ', at);
    const length = Number(content.toString('latin1', at, space < 0 ? at : space));
    const record = content.subarray(space + 1, at + length);
    const equals = record.indexOf('=');
    if (
      !Number.isSafeInteger(length) ||
      length < 5 ||
      at + length > content.length ||
      equals < 1 ||
      record.at(-1) !== 10
    )
      throw refuse('an extended header is not valid');
    const keyword = record.toString('utf8', 0, equals);
    const value = record.subarray(equals + 1, -1);
    if (!knownKeyword.test(keyword)) throw refuse(`the keyword ${JSON.stringify(keyword)}`);
    if (!keyword.startsWith('SCHILY.xattr.') && value.includes(0)) throw refuse(`a ${keyword} that holds a zero`);
    if (found.has(keyword)) throw refuse(`the keyword ${keyword} twice`);
    found.set(keyword, value.toString('utf8'));
    at += length;
  }
  return found;
}
