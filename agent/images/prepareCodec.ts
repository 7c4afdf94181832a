import { imageKinds, type KindName, kindNamed } from './kinds.ts';

/**
 * Builds the descriptors of all kinds of images, which else the first check of a set would do: some 50 ms, while a container
 * waits. To be called when an agent starts.
 */
export function prepareCodec(): void {
  for (const name of Object.keys(imageKinds) as KindName[]) {
    const kind = kindNamed(name);
    if (kind.form === 'raw') continue;
    kind.head?.prepare();
    kind.entry.prepare();
  }
}
