import { tryRun } from '../../host/command.ts';
import type { ContainerPlace } from './record.ts';

/**
 * The shell line that mounts a container's root file system: the shared image below, its own changes above.
 * Without redirects, metacopies and an index, the upper directory holds plain files that tar can carry
 * (Linux Documentation/filesystems/overlayfs.rst).
 */
export function mountLine(place: ContainerPlace, imageRoot: string): string {
  const options = `lowerdir=${imageRoot},upperdir=${place.upper},workdir=${place.work},redirect_dir=off,metacopy=off,index=off`;
  return `mount -t overlay overlay -o '${options}' '${place.rootFileSystem}'`;
}

/** Unmounts it, if it is mounted; lazily, since a dying process may still hold it. */
export async function unmountRoot(place: ContainerPlace): Promise<void> {
  await tryRun('umount', ['--lazy', place.rootFileSystem]);
}
