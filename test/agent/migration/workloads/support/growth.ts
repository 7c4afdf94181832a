import { createHash } from 'node:crypto';

/** What a server that grows has in memory: blocks that cannot be compressed, worked out from their numbers. */
export const growth = {
  blockBytes: 16 << 10,
  /** Blocks that it has from its start. */
  firstBlocks: 512,
  /** With every so many messages there is one more. */
  messagesPerBlock: 8,
} as const;

/** The content of one block: digests of its number and of their own numbers, side by side. */
export function blockOf(number: number): Buffer {
  const pieces: Buffer[] = [];
  for (let piece = 0; piece < growth.blockBytes / 32; piece += 1)
    pieces.push(createHash('sha256').update(`${number}/${piece}`).digest());
  return Buffer.concat(pieces);
}

/** What the memory must be after so many messages. */
export interface ExpectedMemory {
  message(number: number): void;
  /** The digest over all blocks in their order. */
  state(): { digest: string; memoryBytes: number };
}

export function expectedMemory(): ExpectedMemory {
  const hash = createHash('sha256');
  let blocks = 0;
  const add = () => {
    hash.update(blockOf(blocks));
    blocks += 1;
  };
  while (blocks < growth.firstBlocks) add();
  return {
    message(number) {
      if (number % growth.messagesPerBlock === 0) add();
    },
    state: () => ({ digest: hash.copy().digest('hex'), memoryBytes: blocks * growth.blockBytes }),
  };
}
