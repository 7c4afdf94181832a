import { open, rm } from 'node:fs/promises';

/** Memory that the kernel has in its hands, to be given to others in an instant. */
export interface MemoryReserve {
  /** Gives it back to the kernel, beside whatever else is done: whoever needs memory next gets this. */
  release(): Promise<void>;
}

const pieceBytes = 1 << 20;

/**
 * Takes memory and fills it, so that it is there: where a machine is a virtual one, its host hands out a page that was not used
 * for a while only when it is touched, and that takes several times as long as the kernel's own part in it. Released right
 * before a container is restored, this is not on the container's time.
 *
 * @param path - of a file on a tmpfs, made for this
 */
export async function reserveMemory(path: string, sizeBytes: number): Promise<MemoryReserve> {
  const release = () => rm(path, { force: true });
  const file = await open(path, 'w', 0o600);
  try {
    const piece = Buffer.alloc(pieceBytes, 1);
    for (let at = 0; at < sizeBytes; at += piece.length)
      await file.write(piece, 0, Math.min(piece.length, sizeBytes - at), at);
  } catch {
    await release(); // where there is no room, none can be held ready
  } finally {
    await file.close();
  }
  return { release };
}
