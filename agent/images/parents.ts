import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { badImage } from './badImage.ts';

/** The name of the link in a directory of images to those that it builds upon. Source: criu/include/image.h. */
export const parentLink = 'parent';

/** So many sets may build upon each other. CRIU has no limit; a chain that is longer is a loop or a mistake. */
const longestChain = 100;

/**
 * The directory of the images that these build upon.
 *
 * @param within - the directory that it must not lie outside of; by default the one that holds this directory
 * @returns undefined if there is none
 * @throws TagalongError `bad-image` if the link leads nowhere or too far
 */
export function parentOf(directory: string, within = dirname(realpathSync(directory))): string | undefined {
  const link = join(directory, parentLink);
  const status = lstatSync(link, { throwIfNoEntry: false });
  if (status === undefined) return undefined;
  if (!status.isSymbolicLink()) throw badImage(parentLink, 'it is no link');
  let target: string;
  try {
    target = realpathSync(link);
    if (!statSync(target).isDirectory()) throw badImage(parentLink, 'it is no link to a directory');
  } catch (error) {
    throw badImage(parentLink, `it leads to ${readlinkSync(link)}, where no directory is`, error);
  }
  const way = relative(realpathSync(within), target);
  if (way === '..' || way.startsWith(`..${sep}`)) throw badImage(parentLink, `it leads out of ${within}, to ${target}`);
  return target;
}

/** All directories that these images build upon, the nearest first. @throws TagalongError `bad-image` */
export function parentsOf(directory: string, within?: string): string[] {
  const parents: string[] = [];
  const root = within ?? dirname(realpathSync(directory));
  for (let at = parentOf(directory, root); at !== undefined; at = parentOf(at, root)) {
    if (parents.includes(at) || parents.length === longestChain)
      throw badImage(parentLink, 'the images build upon each other without end');
    parents.push(at);
  }
  return parents;
}
