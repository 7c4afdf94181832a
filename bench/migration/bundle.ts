import { ociConfiguration } from '../../agent/containers/ociConfiguration.ts';
import { placeOf } from '../../agent/containers/place.ts';
import type { ContainerSpec } from '../../agent/containers/record.ts';
import type { Workload } from './contestant.ts';
import { quoted, type Shell } from './shell.ts';
import { benchDirectory, image, serviceCommand } from './workload.ts';

/** A container that is run by runC directly, by its scripts. */
export interface Bundle {
  readonly path: string;
  /** For its images and logs: on tmpfs, which is kinder than the disk that the recipe writes to. */
  readonly directory: string;
  /** Makes it on a node, without a configuration. */
  make(shell: Shell): Promise<void>;
  /** Writes its configuration, which is the one that Tagalong gives its containers, but for its settings of CRIU. */
  configure(shell: Shell, workload: Workload): Promise<void>;
  /**
   * Script for a runC whose failure is told. The container's input and output are /dev/null, as CRIU takes no file or pipe of
   * the outside with it.
   *
   * @param criuLog - where CRIU says more, below the directory
   */
  runc(parameters: string, criuLog?: string): string;
  /** Ends the container on a node, if it is there, and removes all that a run left. */
  clear(shell: Shell): Promise<void>;
}

/** @param name - of the container, and of its network namespace */
export function makeBundle(name: string): Bundle {
  const path = `${benchDirectory}/${name}`;
  const directory = `/run/bench-${name}`;
  const spec: Omit<ContainerSpec, 'command'> = {
    name,
    imageDigest: '',
    image: { kind: 'rootfs', path: image },
    environment: { PATH: '/usr/bin:/bin' },
    workingDirectory: '/',
    user: { uid: 0, gid: 0 },
    hostName: name,
    volumes: [],
    address: '',
    prefixLength: 0,
    mac: '',
    pinned: false,
  };
  const configuration = (workload: Workload) => {
    const place = placeOf({ dataDirectory: benchDirectory, runDirectory: directory }, name);
    const filled = { ...spec, command: serviceCommand(workload) };
    return JSON.stringify({
      ...ociConfiguration(filled, { ...place, bundle: path, networkNamespace: name }),
      annotations: {},
    });
  };
  return {
    path,
    directory,
    async make(shell) {
      await shell.run(`rm -rf ${path} && mkdir -p ${path}/empty && cp -a ${image} ${path}/rootfs`);
    },
    async configure(shell, workload) {
      await shell.run(`mkdir -p ${directory} && printf %s ${quoted(configuration(workload))} >${path}/config.json`);
    },
    runc: (parameters, criuLog = 'none') =>
      `cd ${directory} && rm -f runc.log && { runc --log runc.log ${parameters} >/dev/null 2>&1 ||
    { tail -n 1 runc.log; grep -h Error ${criuLog} 2>/dev/null | head -n 2; exit 1; }; }`,
    async clear(shell) {
      await shell.run(`runc delete --force ${name}; rm -rf ${directory}; true`);
    },
  };
}
