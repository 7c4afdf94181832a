/**
 * What CRIU's lazy-pages daemon says to a page server, and what it wants to hear: `struct page_server_iov` and its commands
 * (CRIU 4.2, criu/page-xfer.c). All numbers are little endian.
 */
export const messageBytes = 32;

const commands = { addWithFlags: 6, get: 7, close: 0x1023, forceClose: 0x1024 } as const;
const presentFlag = 4;

export type CriuMessage =
  | { kind: 'get'; pid: number; address: number; pages: number }
  /** It has all that it wants. */
  | { kind: 'close' }
  | { kind: 'unknown'; command: number };

/** Reads one message of {@link messageBytes}. */
export function readMessage(bytes: Buffer): CriuMessage {
  const command = bytes.readUInt32LE(0) & 0xffff;
  if (command === commands.close || command === commands.forceClose) return { kind: 'close' };
  if (command !== commands.get) return { kind: 'unknown', command };
  return {
    kind: 'get',
    pages: Number(bytes.readBigUInt64LE(8)),
    address: Number(bytes.readBigUInt64LE(16)),
    pid: Number(bytes.readBigUInt64LE(24)),
  };
}

/** The front of an answer with pages; fewer may be given than were asked for. */
export function pagesMessage(answer: { pid: number; address: number; pages: number }): Buffer {
  const bytes = Buffer.alloc(messageBytes);
  bytes.writeUInt32LE(commands.addWithFlags | (presentFlag << 16), 0);
  bytes.writeBigUInt64LE(BigInt(answer.pages), 8);
  bytes.writeBigUInt64LE(BigInt(answer.address), 16);
  bytes.writeBigUInt64LE(BigInt(answer.pid), 24);
  return bytes;
}

/** The answer to `close`: all is well. */
export const closedMessage = (): Buffer => Buffer.alloc(4);
