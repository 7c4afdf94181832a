import {
  announceCommands,
  cutPortCommands,
  networkCommands,
  openPortCommands,
} from '../../agent/containers/network.ts';
import { prefixLength } from '../../provisioning/lab/site.ts';
import type { Shell } from './shell.ts';
import type { Site } from './site.ts';

/** A container's network that is made by hand, with Tagalong's own commands, for peers that have nothing of the kind. */
export interface HandMadeNetwork {
  readonly address: string;
  /** Path of the network namespace, the same on both nodes. */
  readonly path: string;
  /** Makes it on both nodes, reachable on the source. */
  create(): Promise<void>;
  /** Takes the port off the source's bridge. */
  cut(): Promise<void>;
  /** Puts the port on the destination's bridge and announces the address. */
  open(): Promise<void>;
  remove(): Promise<void>;
}

const bridge = 'br0';

/**
 * @param name - of the namespace, at most 12 characters
 * @param number - 1 to 254, one for each such network
 */
export function handMadeNetwork(site: Site, name: string, number: number): HandMadeNetwork {
  // beside the ranges that the lab gives to containers and stations
  const address = `10.77.250.${number}`;
  const spec = { address, prefixLength, mac: `02-74-be-00-00-${number.toString(16).padStart(2, '0')}` };
  const place = { networkNamespace: name, port: `p-${name}` };
  const { outside, inside } = networkCommands(spec, place);
  const on = (shell: Shell, commands: readonly string[]) =>
    shell.run(commands.map((command) => `ip ${command}`).join(' && '));
  const within = (commands: readonly string[]) => commands.map((command) => `-n ${name} ${command}`);
  const announced = [...openPortCommands(place, bridge), ...within(announceCommands(spec))];
  const notify = `ip netns exec ${name} sh -c 'echo 1 >/proc/sys/net/ipv4/conf/eth0/arp_notify'`;
  const removal = `ip link delete ${place.port}; ip netns delete ${name}; true`;

  return {
    address,
    path: `/run/netns/${name}`,
    async create() {
      for (const shell of [site.source, site.destination]) {
        await on(shell, [...outside, ...within(inside)]);
        await shell.run(notify);
      }
      await on(site.source, announced);
    },
    async cut() {
      await on(site.source, cutPortCommands(place));
    },
    async open() {
      await on(site.destination, announced);
    },
    async remove() {
      for (const shell of [site.source, site.destination]) await shell.run(removal);
    },
  };
}
