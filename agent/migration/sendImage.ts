import { pipeline } from 'node:stream/promises';
import type { Peers } from '../channel/peers.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import { doneSchema } from './routes.ts';

/** Sends an image, the lower layer of a container's file system, to a node that lacks it; it checks the digest. */
export async function sendImage(options: {
  images: ImageStore;
  peers: Peers;
  to: string;
  digest: string;
  signal: AbortSignal;
  onSent: (bytes: number) => void;
}): Promise<void> {
  const { images, peers, to, digest, signal, onSent } = options;
  const image = images.send(digest);
  try {
    await peers.send(
      to,
      `/v1/images/${digest}`,
      async (output) => {
        await Promise.all([pipeline(image.output, output), image.done]);
      },
      doneSchema,
      { signal, timeoutMs: 3_600_000, onSent },
    );
  } finally {
    await image.stop(); // one that was broken off waits for ever for its reader
  }
}
