import { existsSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TagalongError } from '../../broker/contract/errors.ts';
import { macWithColons } from '../../broker/contract/ids.ts';
import { run, tryRun } from '../../host/command.ts';
import { ip } from '../../host/ip.ts';
import type { ContainerPlace, ContainerSpec } from './record.ts';

type Addressed = Pick<ContainerSpec, 'address' | 'prefixLength' | 'gateway' | 'mac'>;
type Named = Pick<ContainerPlace, 'networkNamespace' | 'port'>;

/** `ip` commands that give the container's namespace its link, address and routes; its port is not yet on the bridge. */
export function networkCommands(spec: Addressed, place: Named): { outside: string[]; inside: string[] } {
  const mac = macWithColons(spec.mac);
  return {
    outside: [
      `netns add ${place.networkNamespace}`,
      `link add ${place.port} type veth peer name eth0 address ${mac} netns ${place.networkNamespace}`,
      `link set ${place.port} up`,
    ],
    inside: [
      'link set lo up',
      `addr add ${spec.address}/${spec.prefixLength} dev eth0`,
      'link set eth0 up',
      ...(spec.gateway === undefined ? [] : [`route add default via ${spec.gateway}`]),
    ],
  };
}

/** Puts the container's port on the bridge: from here on others reach it. */
export function openPortCommands(place: Named, bridge: string): string[] {
  return [`link set ${place.port} master ${bridge}`];
}

/** Takes the port off the bridge: nothing reaches the container and nothing leaves it, however its kernel state is handled. */
export function cutPortCommands(place: Named): string[] {
  return [`link set ${place.port} nomaster`];
}

/**
 * Resolves when the port is off the bridge. What arrives after the sockets were dumped would be acknowledged here and never
 * reach the container: its connection would be stuck for good.
 *
 * @throws TagalongError `command-failed` where it is not, after a while
 */
export async function portIsCut(place: Named): Promise<void> {
  const deadline = performance.now() + cutMs;
  while (existsSync(`/sys/class/net/${place.port}/master`)) {
    if (performance.now() > deadline)
      throw new TagalongError('command-failed', {
        command: 'ip link',
        problem: `${place.port} is still on its bridge`,
      });
    await nextTurn();
  }
}

const cutMs = 5000;

/**
 * Run inside the container's namespace: the kernel announces the address by gratuitous ARP when the link's own address is
 * set, be it to the same (`arp_notify`, Linux Documentation/networking/ip-sysctl), so no program has to be started for it.
 */
export function announceCommands(spec: Pick<ContainerSpec, 'mac'>): string[] {
  return [`link set eth0 address ${macWithColons(spec.mac)}`];
}

/** Makes the container's network namespace, cut off until its port is opened. */
export async function createNetwork(spec: Addressed, place: Named): Promise<void> {
  await destroyNetwork(place);
  const { outside, inside } = networkCommands(spec, place);
  await ip(outside);
  await ip(inside, place.networkNamespace);
  await run('ip', [
    'netns',
    'exec',
    place.networkNamespace,
    'sh',
    '-c',
    'echo 1 > /proc/sys/net/ipv4/conf/eth0/arp_notify',
  ]);
}

/** Removes namespace and port, if they are there. */
export async function destroyNetwork(place: Named): Promise<void> {
  await tryRun('ip', ['link', 'delete', place.port]);
  await tryRun('ip', ['netns', 'delete', place.networkNamespace]);
}

/** Opens the port and announces the address, outside of a migration. */
export async function openNetwork(spec: Pick<ContainerSpec, 'mac'>, place: Named, bridge: string): Promise<void> {
  await ip(openPortCommands(place, bridge));
  await ip(announceCommands(spec), place.networkNamespace);
}
