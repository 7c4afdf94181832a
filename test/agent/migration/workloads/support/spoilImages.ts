/**
 * Spoils the images of a container, as a failing memory, another version of CRIU or somebody who means harm would.
 * Usage: spoilImages.ts <how> <directory of images>
 */
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, encodeImage } from '../../../../../agent/images/image.ts';
import { imageKinds } from '../../../../../agent/images/kinds.ts';

const [how = '', directory = ''] = process.argv.slice(2);
const at = (file: string) => join(directory, file);
const rewrite = (file: string, change: (bytes: Buffer) => Buffer) =>
  writeFileSync(at(file), change(readFileSync(at(file))));
const core = readdirSync(directory).find((file) => file.startsWith('core-')) ?? '';

const ways: Record<string, () => void> = {
  truncated: () => truncateSync(at(core), readFileSync(at(core)).length >> 1),
  flipped: () =>
    rewrite(core, (bytes) => {
      bytes[9] = (bytes[9] ?? 0) ^ 0x40; // in the length of its entry
      return bytes;
    }),
  version: () =>
    rewrite('inventory.img', (bytes) => {
      const image = decodeImage(imageKinds.inventory, bytes, 'inventory.img');
      for (const { message } of image.entries) message.imgVersion += 1;
      return encodeImage(imageKinds.inventory, image);
    }),
  path: () =>
    rewrite('files.img', (bytes) => {
      const image = decodeImage(imageKinds.files, bytes, 'files.img');
      for (const { message } of image.entries)
        if (message.reg !== undefined) message.reg.name = Buffer.from('/../../../../../etc/shadow');
      return encodeImage(imageKinds.files, image);
    }),
};
ways[how]?.();
