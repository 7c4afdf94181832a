import { makeStopwatch } from '../measure/stopwatch.ts';
import { carriedBy } from '../measure/uplink.ts';
import type { Contestant, Leg } from './contestant.ts';
import { handMadeNetwork } from './network.ts';
import { quoted } from './shell.ts';
import { destinationNode, type Site, sourceNode } from './site.ts';
import { benchDirectory, image, serviceCommand } from './workload.ts';

const name = 'podman';
/** On tmpfs, where Podman's users would have to think of it themselves. */
const directory = '/run/bench-podman';
const archive = `${directory}/checkpoint.tar`;
const imageName = 'localhost/bench:1';

/** runC, as for the others; a node has no systemd that could make control groups, and no journal. */
const podman = [
  'PODMAN_IGNORE_CGROUPSV1_WARNING=1 podman',
  `--root ${benchDirectory}/podman --runroot ${directory}/run --storage-driver overlay`,
  '--runtime runc --cgroup-manager cgroupfs --events-backend file --log-level error',
].join(' ');

/**
 * Podman: `podman container checkpoint --export`, `scp`, `podman container restore --import`, its archive compressed as it does by
 * default. Its own networks give the container another way to the outside at each node, so it joins one that is made by hand.
 *
 * @param host - the destination for ssh and scp
 */
export async function makePodman(site: Site, host: string): Promise<Contestant> {
  const { source, destination } = site;
  const network = handMadeNetwork(site, name, 2);
  const prepare = `rm -rf ${directory} && mkdir -p ${directory} && ${podman} rmi --all --force >/dev/null`;
  for (const shell of [source, destination]) await shell.run(prepare);
  await source.run(`tar -C ${image} -cf - . | ${podman} import --quiet - ${imageName}`, 60_000);
  // the image must have the same id on both nodes, or the restored container does not find it
  await source.run(`${podman} save --quiet ${imageName} | ssh ${host} ${quoted(`${podman} load --quiet`)}`, 60_000);

  const move: Leg['move'] = async (limitMs) => {
    const { time, phases } = makeStopwatch(() => carriedBy(site.pids[sourceNode]).sentBytes);
    const checkpoint = `${podman} container checkpoint --tcp-established --export ${archive} ${name}`;
    const transfer = `scp -q ${archive} ${host}:${archive}`;
    const restore = `${podman} container restore --tcp-established --import ${archive}`;
    await time('checkpoint', () => source.run(checkpoint, limitMs));
    await time('switch', () => network.cut());
    await time('transfer', () => source.run(transfer, limitMs));
    await time('restore', () => destination.run(restore, limitMs));
    await time('switch', () => network.open());
    return phases();
  };

  return {
    legs: [{ name, technique: 'cold', from: sourceNode, to: destinationNode, move }],
    async setUp(workload) {
      await network.create();
      await source.run(
        `${podman} run --detach --pull never --name ${name} --network ns:${network.path} --log-driver k8s-file ${imageName} ${serviceCommand(workload).join(' ')}`,
      );
      return network.address;
    },
    async tearDown() {
      for (const shell of [source, destination]) {
        await shell.run(`${podman} rm --force --time 0 --ignore ${name}; rm -f ${archive}; true`);
      }
      await network.remove();
    },
  };
}
