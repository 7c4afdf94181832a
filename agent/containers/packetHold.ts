import { macWithColons } from '../../broker/contract/ids.ts';
import type { ContainerPlace, ContainerSpec } from './record.ts';

/**
 * How the packets toward a container are held: by a queueing discipline on the host's end of its link.
 *
 * - `plug` (sch_plug) is made for it.
 * - `tbf` (sch_tbf) is a token bucket that fills once in minutes.
 */
export type HoldMethod = 'plug' | 'tbf';
export const holdMethods: readonly HoldMethod[] = ['plug', 'tbf'];

/** Lines for `tc` and, when those are done, lines for `ip`. */
export interface HoldCommands {
  tc: string[];
  ip: string[];
}

type Port = Pick<ContainerPlace, 'port'>;
type Addressed = Pick<ContainerSpec, 'mac'>;

/** More than what clients can have under way within seconds on a wireless link; it costs memory only while it is used. */
const limitBytes = 4 << 20;
/** The sender of packets that mean nothing to anyone (RFC 7600). */
const dummyAddress = '192.0.0.8/32';

/**
 * A packet of no meaning toward the container: the kernel announces the dummy address, which the port has, when the
 * port's own link address is set (`arp_notify` of the port must be 1). Containers take no notice of it.
 */
function packetTowards(place: Port, spec: Addressed): string {
  // fe: never the lowest, so that no bridge makes it its own
  return `link set ${place.port} address ${macWithColons(spec.mac).replace(/^../, 'fe')}`;
}

/**
 * From here on all packets toward the container are kept, none is delivered and, up to 4 MiB, none is lost.
 * The container's own packets pass.
 */
export function holdPortCommands(method: HoldMethod, place: Port, spec: Addressed): HoldCommands {
  if (method === 'plug') return { tc: [`qdisc add dev ${place.port} root plug limit ${limitBytes}`], ip: [] };
  // The overhead is charged for each packet, and once for the burst too: the full bucket holds one packet and most of 10 KiB,
  // which is far less than another one. So a packet of no meaning empties it, and it takes more than 180 s to pay for the
  // next (tc takes no more than 275 s). No packet is larger than the burst; what the kernel has joined it takes apart.
  return {
    tc: [`qdisc add dev ${place.port} root tbf rate 2400bit burst 10k limit ${limitBytes} overhead 65535`],
    ip: [`addr add ${dummyAddress} dev ${place.port} scope host`, packetTowards(place, spec)],
  };
}

/** One more packet of no meaning, where the first did not come through. */
export function fillCommands(place: Port, spec: Addressed): string[] {
  return [packetTowards(place, spec)];
}

/** Delivers what was kept, at once and in order; what comes later passes. */
export function releasePortCommands(method: HoldMethod, place: Port, spec: Addressed): HoldCommands {
  if (method === 'plug') return { tc: [`qdisc change dev ${place.port} root plug release_indefinite`], ip: [] };
  // a change does not wake a bucket that waits for its next token, one more packet does
  return {
    tc: [`qdisc change dev ${place.port} root tbf rate 32gbit burst 4m limit ${limitBytes}`],
    ip: [packetTowards(place, spec)],
  };
}

/** Leaves the port as if there had never been a hold. What is still kept is lost: to be released before. */
export function endHoldCommands(method: HoldMethod, place: Port): HoldCommands {
  return {
    tc: [`qdisc del dev ${place.port} root`],
    ip: method === 'plug' ? [] : [`addr del ${dummyAddress} dev ${place.port}`],
  };
}
