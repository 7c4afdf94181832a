/**
 * Decodes each image of a directory, encodes it again, and leaves every second run of pages to a parent.
 * Usage: rewrite.ts <directory of the parent> <new directory beside it>
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { checkImageSet } from '../../../../agent/images/checkSet.ts';
import { decodeImage, encodeImage } from '../../../../agent/images/image.ts';
import { kindNamed, parseImageName } from '../../../../agent/images/kinds.ts';
import { readPagemap, writePagemap } from '../../../../agent/images/pagemap.ts';

const pageBytes = 4096;
const [parent = '', child = ''] = process.argv.slice(2);
mkdirSync(child);
for (const file of readdirSync(parent)) {
  const name = parseImageName(file);
  const kind = name === undefined ? undefined : kindNamed(name.kind);
  if (kind?.form !== 'messages') copyFileSync(join(parent, file), join(child, file));
  else writeFileSync(join(child, file), encodeImage(kind, decodeImage(kind, readFileSync(join(parent, file)), file)));
}
for (const file of readdirSync(parent)) {
  if (parseImageName(file)?.kind !== 'pagemap') continue;
  const pagemap = readPagemap(readFileSync(join(parent, file)), file);
  const pagesFile = `pages-${pagemap.pagesId}.img`;
  const pages = readFileSync(join(parent, pagesFile));
  const kept: Buffer[] = [];
  let offset = 0;
  for (const [index, entry] of pagemap.entries.entries()) {
    const run = pages.subarray(offset, offset + entry.pages * pageBytes);
    offset += run.length;
    if (index % 2 === 0) kept.push(run);
    else Object.assign(entry, { present: false, inParent: true });
  }
  writeFileSync(join(child, file), writePagemap(pagemap));
  writeFileSync(join(child, pagesFile), Buffer.concat(kept));
}
symlinkSync(`../${basename(parent)}`, join(child, 'parent'));
checkImageSet(child);
