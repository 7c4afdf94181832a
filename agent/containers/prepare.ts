import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createNetwork } from './network.ts';
import { emptyDirectory, ociConfiguration } from './ociConfiguration.ts';
import type { ContainerPlace, ContainerSpec } from './record.ts';

/** Makes the directories of a container, on the disk of this node. */
export async function prepareDirectories(spec: ContainerSpec, place: ContainerPlace): Promise<void> {
  const own = [place.rootFileSystem, place.work, place.upper, place.volumes, dirname(place.logFile)];
  const volumes = spec.volumes.flatMap((volume) =>
    volume.name === undefined ? [] : [join(place.volumes, volume.name)],
  );
  for (const path of [...own, ...volumes]) await mkdir(path, { recursive: true, mode: 0o755 });
}

/**
 * Everything that a container needs around it but its processes: bundle and network namespace, its port not yet on the
 * bridge. Done before anything stops.
 */
export async function prepareSurroundings(spec: ContainerSpec, place: ContainerPlace): Promise<void> {
  const configuration = JSON.stringify(ociConfiguration(spec, place), null, 2);
  await mkdir(emptyDirectory(place), { recursive: true, mode: 0o755 });
  await writeFile(join(place.bundle, 'config.json'), configuration, { mode: 0o600 });
  await createNetwork(spec, place);
}
