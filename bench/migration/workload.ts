import type { Workload } from './contestant.ts';

/** What runs in the container, the same for all contestants. */
export const port = 7000;

/** On a real disk of each node; nothing of the benchmark lies outside of it but what is on tmpfs. */
export const benchDirectory = '/var/lib/tagalong/bench';

/** The root file system, made on both nodes: all contestants find it at the destination. */
export const image = `${benchDirectory}/image`;

/** The tree of this program inside the members. */
export const project = '/opt/tagalong';

/** Shell script that makes the image on a node. */
export const buildImageScript = `mkdir -p ${benchDirectory} && sh ${project}/cli/demo/buildImage.sh ${project}/bench/workload ${image}`;

export const pageBytes = 4096;

/**
 * The workload's command line.
 *
 * It keeps no file: the runC recipe has no way to carry one, and CRIU refuses to restore where a file differs.
 */
export function serviceCommand({ memoryBytes, rewrittenBytesPerSecond }: Workload): string[] {
  const numbers = [port, memoryBytes, rewrittenBytesPerSecond].map(String);
  return ['/usr/bin/python3', '-I', '-S', '-B', '/opt/service.py', ...numbers];
}
