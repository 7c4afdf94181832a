import { ociConfiguration } from '../../agent/containers/ociConfiguration.ts';
import { placeOf } from '../../agent/containers/place.ts';
import type { ContainerSpec } from '../../agent/containers/record.ts';
import { makeStopwatch } from '../measure/stopwatch.ts';
import type { Contestant } from './contestant.ts';
import { handMadeNetwork } from './network.ts';
import { quoted, type Shell } from './shell.ts';
import type { Site } from './site.ts';
import { benchDirectory, image, serviceCommand } from './workload.ts';

const name = 'recipe';
const bundle = `${benchDirectory}/${name}`;
/** On tmpfs, which is kinder than the disk that the recipe writes to. */
const directory = '/run/bench-recipe';

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

/** The same runtime configuration that Tagalong gives its containers, but for its settings of CRIU. */
function configuration(memoryBytes: number): string {
  const place = placeOf({ dataDirectory: benchDirectory, runDirectory: directory }, name);
  const filled = { ...spec, command: serviceCommand(memoryBytes) };
  return JSON.stringify({ ...ociConfiguration(filled, { ...place, networkNamespace: name }), annotations: {} });
}

/**
 * Script for a runC whose failure is told. The container's input and output are /dev/null, as CRIU takes no file or pipe of
 * the outside with it.
 *
 * @param criuLog - where CRIU says more, below the run's directory
 */
function runc(parameters: string, criuLog = 'none'): string {
  return `cd ${directory} && rm -f runc.log && { runc --log runc.log ${parameters} >/dev/null 2>&1 ||
    { tail -n 1 runc.log; grep -h Error ${criuLog} 2>/dev/null | head -n 2; exit 1; }; }`;
}

/**
 * The well-known recipe, without help of a program: `runc checkpoint`, `rsync` over ssh, `runc restore`, with the bundle at the
 * same path on both nodes. As it knows nothing of networks, the container gets one made by hand on both nodes, and CRIU is told to
 * keep TCP connections; the recipe itself loses them. Its message to the destination to restore costs nothing here, as a shell
 * waits there.
 *
 * @param host - the destination for rsync
 */
export async function makeRecipe(site: Site, host: string): Promise<Contestant> {
  const { source, destination } = site;
  const network = handMadeNetwork(site, name, 1);
  const both = async (script: string) => {
    for (const shell of [source, destination]) await shell.run(script);
  };
  const remove = (shell: Shell) => shell.run(`runc delete --force ${name}; rm -rf ${directory}; true`);
  await both(`rm -rf ${bundle} && mkdir -p ${bundle} && cp -a ${image} ${bundle}/rootfs`);

  return {
    name: 'recipe-cold',
    technique: 'cold',
    async setUp(memoryBytes) {
      await network.create();
      await both(`mkdir -p ${directory} && printf %s ${quoted(configuration(memoryBytes))} >${bundle}/config.json`);
      await source.run(runc(`run --detach --bundle ${bundle} ${name}`));
      return network.address;
    },
    async move(limitMs) {
      const { time, phasesMs } = makeStopwatch();
      const checkpoint = runc(`checkpoint --tcp-established --image-path image ${name}`, 'image/dump.log');
      const transfer = `cd ${directory} && rsync -haz --stats image ${host}:${directory}/`;
      const images = `--image-path ${directory}/image --work-path ${directory}/image`;
      const restore = runc(
        `restore --detach --tcp-established --bundle ${bundle} ${images} ${name}`,
        'image/restore.log',
      );
      await time('checkpoint', () => source.run(checkpoint, limitMs));
      await time('switch', () => network.cut());
      await time('transfer', () => source.run(transfer, limitMs));
      await time('restore', () => destination.run(restore, limitMs));
      await time('switch', () => network.open());
      return { phasesMs: phasesMs() };
    },
    async tearDown() {
      for (const shell of [source, destination]) await remove(shell);
      await network.remove();
    },
  };
}
