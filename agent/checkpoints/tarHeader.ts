/** Tar works in blocks: a header is one, content is filled up with zeros to whole ones. */
export const blockBytes = 512;
const octalLimit = 8 ** 11;

/** How many zeros follow a content of so many bytes. */
export function paddingBytes(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}

/**
 * The header of a plain file, owned by root and readable by nobody else.
 * Source: POSIX.1-2017 pax, "ustar Interchange Format"; sizes from 8 GiB on as GNU tar writes them, in base 256.
 *
 * @param name - at most 100 bytes
 * @param modifiedS - seconds since 1970
 */
export function encodeHeader(name: string, sizeBytes: number, modifiedS: number): Buffer {
  const header = Buffer.alloc(blockBytes);
  if (Buffer.byteLength(name) > 100) throw new RangeError(`the name ${name} is too long for an archive`);
  header.write(name, 0, 'utf8');
  header.write('0000600\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  if (sizeBytes < octalLimit) header.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  else {
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(sizeBytes), 128);
  }
  header.write(`${modifiedS.toString(8).padStart(11, '0')}\0`, 136, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write('root', 265, 'latin1');
  header.write('root', 297, 'latin1');
  header.write('0000000\0', 329, 'latin1');
  header.write('0000000\0', 337, 'latin1');
  header.write(`${checksumOf(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** The sum of all bytes, those of the checksum itself taken as spaces. */
function checksumOf(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < blockBytes; at += 1) sum += at >= 148 && at < 156 ? 0x20 : (header[at] ?? 0);
  return sum;
}

/** One header, as it stands, without what an extended header before it may say. */
export interface RawHeader {
  name: string;
  sizeBytes: number;
  modifiedS: number;
  /** One character: `0` a file, `1` a hard link, `2` a symbolic link, `3` a character device, … */
  type: string;
  linkName: string;
  deviceMajor: number;
  deviceMinor: number;
}

/**
 * Reads a header.
 * @returns undefined where it is none: its checksum or a number in it is wrong
 */
export function decodeHeader(header: Buffer): RawHeader | undefined {
  const text = (from: number, length: number) => {
    const field = header.subarray(from, from + length);
    const end = field.indexOf(0);
    return field.toString('utf8', 0, end < 0 ? length : end);
  };
  const number = (from: number, length: number) => {
    if (header.readUInt8(from) === 0x80) return Number(header.readBigUInt64BE(from + length - 8));
    const digits = text(from, length).trim();
    return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN;
  };
  const prefix = text(257, 5) === 'ustar' ? text(345, 155) : '';
  const raw = {
    name: prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`,
    sizeBytes: number(124, 12),
    modifiedS: number(136, 12),
    type: text(156, 1) || '0',
    linkName: text(157, 100),
    deviceMajor: number(329, 8),
    deviceMinor: number(337, 8),
  };
  const numbers = [raw.sizeBytes, raw.modifiedS, raw.deviceMajor, raw.deviceMinor];
  if (!numbers.every((value) => Number.isSafeInteger(value))) return undefined;
  return number(148, 8) === checksumOf(header) ? raw : undefined;
}

/** Whether nothing but zeros is in there. */
export function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
