import { readFile } from 'node:fs/promises';

/** The auxiliary vector's key of the page size (linux/auxvec.h). */
const pageSizeKey = 6n;

/**
 * Finds the page size in the auxiliary vector that the kernel gave to a 64-bit process: pairs of key and value.
 * @returns bytes; undefined where it is not in there
 */
export function pageSizeIn(vector: Buffer): number | undefined {
  for (let offset = 0; offset + 16 <= vector.length; offset += 16) {
    if (vector.readBigUInt64LE(offset) === pageSizeKey) return Number(vector.readBigUInt64LE(offset + 8));
  }
  return undefined;
}

/** The page size of this node's kernel, in bytes. Both architectures that Tagalong runs on are little-endian. */
export async function readPageSize(): Promise<number> {
  return pageSizeIn(await readFile('/proc/self/auxv')) ?? 4096;
}
