import { makeStopwatch } from '../measure/stopwatch.ts';
import { carriedBy } from '../measure/uplink.ts';
import { makeBundle } from './bundle.ts';
import type { Contestant } from './contestant.ts';
import { handMadeNetwork } from './network.ts';
import { destinationNode, type Site } from './site.ts';

const name = 'floor';

/**
 * What runC and CRIU alone cost: checkpoint and restore on one node, images on tmpfs, nothing transferred, the bridge's port
 * open all the time. CRIU's own lock keeps the connection. On the node where the client is, so that no link slows it down.
 */
export async function makeFloor(site: Site): Promise<Contestant> {
  const { destination } = site;
  const bundle = makeBundle(name);
  const network = handMadeNetwork(site, name, 3);
  await bundle.make(destination);
  const images = `--tcp-established --image-path ${bundle.directory}/image`;
  return {
    async setUp(workload) {
      await network.create();
      await network.cut();
      await network.open();
      await bundle.configure(destination, workload);
      await destination.run(bundle.runc(`run --detach --bundle ${bundle.path} ${name}`));
      return network.address;
    },
    legs: [
      {
        name,
        technique: 'cold',
        from: destinationNode,
        to: destinationNode,
        async move(limitMs) {
          const { time, phases } = makeStopwatch(() => carriedBy(site.pids[destinationNode]).sentBytes);
          const checkpoint = bundle.runc(`checkpoint ${images} ${name}`, 'image/dump.log');
          const restore = bundle.runc(
            `restore --detach ${images} --work-path ${bundle.directory}/image --bundle ${bundle.path} ${name}`,
            'image/restore.log',
          );
          await time('checkpoint', () => destination.run(checkpoint, limitMs));
          await time('restore', () => destination.run(restore, limitMs));
          return phases();
        },
      },
    ],
    async tearDown() {
      await bundle.clear(destination);
      await network.remove();
    },
  };
}
