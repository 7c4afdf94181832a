import { badImage } from './badImage.ts';
import { checkArchive } from './checkArchive.ts';
import { checkFiles, readFiles } from './checkFiles.ts';
import { checkMemory } from './checkMemory.ts';
import { checkProcesses } from './checkProcesses.ts';
import { checkImage } from './image.ts';
import { type ImageSet, openImageSet } from './imageSet.ts';
import { kindNamed } from './kinds.ts';
import { parentsOf } from './parents.ts';

/** The version of images in which each file has the common word. Source: criu/include/magic.h (`CRTOOLS_IMAGES_V1_1`). */
const imagesVersion = 2;

/** How to check. */
export interface CheckOptions {
  /** The size of a page where the images were made, in bytes. By default 4096. */
  pageBytes?: number;
  /** The directory that parents must lie in; by default the one that holds the images' directory. */
  parentsWithin?: string;
}

function checkInventory(set: ImageSet): void {
  const { imgVersion, fdinfoPerId } = set.entry('inventory');
  if (imgVersion !== imagesVersion)
    throw badImage('inventory.img', `its images are of version ${imgVersion} instead of ${imagesVersion}`);
  if (fdinfoPerId !== true) throw badImage('inventory.img', 'its images are older than CRIU 1.0');
}

/**
 * Checks a whole set of images, and those that it builds upon, before a restore: every magic word, every entry; that
 * processes, cores, files, mappings and pagemaps agree with each other and with the sizes of the images of pages; that no
 * name leads out of its directory. Images of kinds that are not known are not looked at. It reads synchronously and takes
 * milliseconds, as a container waits for it; it does not read the memory itself.
 *
 * @param directory - with `inventory.img` in it
 * @throws TagalongError `bad-image` at the first problem, with `{file, problem}`
 */
export function checkImageSet(directory: string, options: CheckOptions = {}): void {
  const { pageBytes = 4096, parentsWithin } = options;
  const set = openImageSet(directory);
  checkInventory(set);
  for (const { kind, file, sizeBytes } of set.members) {
    const of = kindNamed(kind);
    if (of.form === 'messages') checkImage(of, set.bytes(file), file);
    else if (kind.endsWith('.tar.gz')) checkArchive(file, sizeBytes, () => set.bytes(file));
  }
  const parents = parentsOf(directory, parentsWithin).map(openImageSet);
  const processes = checkProcesses(set);
  const files = readFiles(set);
  checkFiles(set, files, processes);
  checkMemory(set, parents, files, processes, pageBytes);
}
