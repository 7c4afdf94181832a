import { TagalongError } from '../../broker/contract/errors.ts';

/**
 * The error for an image that cannot be used.
 *
 * @param file - the name of the image in its directory
 * @param problem - what is wrong with it, to be read after "is not usable:"
 */
export function badImage(file: string, problem: string, cause?: unknown): TagalongError {
  return new TagalongError('bad-image', { file, problem }, cause);
}
