import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { badImage } from '../badImage.ts';
import { readFiles } from '../checkFiles.ts';
import { openImageSet } from '../imageSet.ts';
import { parentsOf } from '../parents.ts';
import { type InventorySummary, summarizeInventory } from './inventory.ts';
import { type ProcessSummary, summarizeProcesses } from './processes.ts';

/** One file among the images. */
export interface ImageFileSummary {
  file: string;
  sizeBytes: number;
}

/** What a directory of images holds. */
export interface ImagesSummary {
  directory: string;
  inventory: InventorySummary;
  processes: ProcessSummary[];
  /** The largest first. */
  images: ImageFileSummary[];
  totalBytes: number;
  /** The sets that this one builds upon, the nearest first. */
  parents: { directory: string; totalBytes: number }[];
}

/** Where archives of checkpoints keep their images; the last is that of Podman. */
const places = ['.', 'images', 'checkpoint'];

/**
 * Finds the images in a directory of images or of a checkpoint.
 *
 * @throws TagalongError `bad-image` if there are none
 */
export function locateImages(directory: string): string {
  const place = places.find((each) => existsSync(join(directory, each, 'inventory.img')));
  if (place === undefined) throw badImage(directory, 'there is no inventory.img in it');
  return join(directory, place);
}

function filesOf(directory: string): ImageFileSummary[] {
  return openImageSet(directory)
    .members.map(({ file, sizeBytes }) => ({ file, sizeBytes }))
    .sort((a, b) => b.sizeBytes - a.sizeBytes || a.file.localeCompare(b.file));
}

function total(files: readonly ImageFileSummary[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/**
 * Tells what a checkpoint holds.
 *
 * @param directory - of images, or one that holds such a directory
 * @param pageBytes - the size of a page where the images were made
 * @throws TagalongError `bad-image`
 */
export function summarizeImages(directory: string, pageBytes = 4096): ImagesSummary {
  const found = locateImages(directory);
  const set = openImageSet(found);
  const images = filesOf(found);
  return {
    directory: found,
    inventory: summarizeInventory(set),
    processes: summarizeProcesses(set, readFiles(set), pageBytes),
    images,
    totalBytes: total(images),
    // it is only looked at, so they may be anywhere
    parents: parentsOf(found, '/').map((parent) => ({ directory: parent, totalBytes: total(filesOf(parent)) })),
  };
}
