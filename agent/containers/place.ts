import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { AgentConfiguration } from '../configuration.ts';
import type { ContainerPlace } from './record.ts';

/** The paths and names of a container on this node. The same on every node, given the same directories. */
export function placeOf(
  configuration: Pick<AgentConfiguration, 'dataDirectory' | 'runDirectory'>,
  name: string,
): ContainerPlace {
  const directory = join(configuration.dataDirectory, 'containers', name);
  const state = join(directory, 'state');
  return {
    directory,
    recordFile: join(directory, 'record.json'),
    bundle: join(directory, 'bundle'),
    rootFileSystem: join(directory, 'bundle', 'rootfs'),
    state,
    upper: join(state, 'upper'),
    work: join(directory, 'work'),
    volumes: join(state, 'volumes'),
    logFile: join(state, 'log', 'output.log'),
    logWriterFile: join(configuration.runDirectory, 'runc', `${name}.log-writer`),
    manifestFile: join(directory, 'manifest.json'),
    criuConfiguration: join(configuration.runDirectory, 'criu', `${name}.conf`),
    runcLog: join(configuration.runDirectory, 'runc', `${name}.log`),
    networkNamespace: `tagalong-${name}`,
    port: `tg${shortHash(name)}`,
  };
}

/** Interface names hold at most 15 bytes, container names up to 63. */
function shortHash(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 12);
}

/** A locally administered MAC address that stays with the container's name. */
export function macOf(site: string, name: string): string {
  const hash = createHash('sha256').update(`${site}/${name}`).digest('hex');
  return ['02', '74', hash.slice(0, 2), hash.slice(2, 4), hash.slice(4, 6), hash.slice(6, 8)].join('-');
}
