import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeImage, type Image } from './image.ts';
import { imageKinds } from './kinds.ts';
import type { TreeProcess } from './pstree.ts';

/** The images of {@link seedImages}: the real ones take their place. */
export const seedNames = ['inventory.img', 'pstree.img'] as const;

/** Images of format 1.1, with common magic words (criu/include/image.h). */
const imageVersion = 2;

/**
 * Writes what CRIU's lazy-pages daemon reads when it starts, before the real images are there: which processes there will
 * be. All else it reads when the restore connects to it.
 */
export function seedImages(directory: string, processes: readonly Omit<TreeProcess, 'threads'>[]): void {
  const write = (name: (typeof seedNames)[number], bytes: Buffer) =>
    writeFileSync(join(directory, name), bytes, { mode: 0o600 });
  const inventory = { imgVersion: imageVersion, fdinfoPerId: true };
  write('inventory.img', encodeImage(imageKinds.inventory, imageOf([inventory])));
  const tree = processes.map((process) => ({ ...process, threads: [process.pid] }));
  write('pstree.img', encodeImage(imageKinds.pstree, imageOf(tree)));
}

function imageOf<M extends object>(messages: readonly M[]): Image<never, never> {
  return { head: undefined, entries: messages.map((message) => ({ message, payload: Buffer.alloc(0) })) } as never;
}
