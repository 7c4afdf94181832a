import { gunzipSync } from 'node:zlib';
import { badImage } from './badImage.ts';

/** Unpacking more would take longer than a container should wait, so that larger ones are looked at from outside only. */
const unpackedLimitBytes = 2 ** 20;
const packedLimitBytes = 2 ** 18;

/**
 * Checks the archive of a tmpfs: that it is one of gzip and, if it is small, whole. What tar would write where it should not
 * is tar's own business: it leaves out members that are named with `..`.
 *
 * @param read - gives the whole file
 * @throws TagalongError `bad-image`
 */
export function checkArchive(file: string, sizeBytes: number, read: () => Buffer): void {
  if (sizeBytes > packedLimitBytes) return;
  const bytes = read();
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) throw badImage(file, 'it is not of gzip');
  try {
    gunzipSync(bytes, { maxOutputLength: unpackedLimitBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return;
    throw badImage(file, 'its archive is damaged', error);
  }
}
