/** What runs in the container, the same for all contestants. */
export const port = 7000;

/** On a real disk of each node; nothing of the benchmark lies outside of it but what is on tmpfs. */
export const benchDirectory = '/var/lib/tagalong/bench';

/** The root file system, made on both nodes: all contestants find it at the destination. */
export const image = `${benchDirectory}/image`;

/** The tree of this program inside the members. */
export const project = '/opt/tagalong';

/** Shell script that makes the image on a node. */
export const buildImageScript = `mkdir -p ${benchDirectory} && sh ${project}/cli/demo/buildImage.sh ${project}/cli/demo ${image}`;

/**
 * The service's command line.
 *
 * It keeps no file: the runC recipe has no way to carry one, and CRIU refuses to restore where a file differs.
 *
 * @param memoryBytes - incompressible memory that it holds and checks
 */
export function serviceCommand(memoryBytes: number): string[] {
  return ['/usr/bin/python3', '-I', '-S', '-B', '/opt/service.py', String(port), String(memoryBytes), '/dev/null'];
}
