import { z } from 'zod';
import type { Programs } from '../../host/programs.ts';
import {
  endHoldCommands,
  type HoldCommands,
  type HoldMethod,
  holdMethods,
  holdPortCommands,
  releasePortCommands,
} from '../containers/packetHold.ts';
import { attempt, type Capability, capabilityOf } from './programProbes.ts';

const statisticsSchema = z.array(z.object({ qlen: z.int() })).min(1);

const place = { port: 'tgprobe' };
const spec = { mac: '02-74-00-00-00-01' };

function lines({ tc, ip }: HoldCommands): string[] {
  return [...tc.map((line) => `tc ${line}`), ...ip.map((line) => `ip ${line}`)];
}

/** Holds, sends a packet, looks, releases, looks; each command only if the one before went well. */
function script(method: HoldMethod): string {
  const look = `tc -s -j qdisc show dev ${place.port}`;
  return [
    `ip link add ${place.port} type veth peer name tgpeer`,
    `ip link set ${place.port} up`,
    'ip link set tgpeer up',
    `echo 1 > /proc/sys/net/ipv4/conf/${place.port}/arp_notify`,
    ...lines(holdPortCommands(method, place, spec)),
    `ip addr add 192.0.2.1/32 dev ${place.port}`,
    `ip link set ${place.port} address 02:74:00:00:00:02`, // announced, that is: a packet
    look,
    ...lines(releasePortCommands(method, place, spec)),
    look,
    ...lines(endHoldCommands(method, place)),
  ].join(' && ');
}

async function tryMethod(programs: Programs, method: HoldMethod): Promise<Capability> {
  const outcome = await attempt(programs, 'unshare', ['--net', '--', 'sh', '-c', script(method)]);
  const capability = capabilityOf('tc', outcome);
  if (outcome.kind !== 'succeeded') return capability;
  const [held, released] = outcome.output.split('\n').filter(Boolean).map(lengthOf);
  if (held === undefined || held < 1) return { available: false, detail: `${method} let a packet pass` };
  if (released !== 0) return { available: false, detail: `${method} kept a packet` };
  return { available: true, detail: method };
}

function lengthOf(line: string): number | undefined {
  try {
    return statisticsSchema.parse(JSON.parse(line))[0]?.qlen;
  } catch {
    return undefined;
  }
}

/**
 * Whether and how this kernel keeps packets, tried on a link in a network namespace of its own: a packet must be kept, and
 * gone after the release.
 */
export async function probePacketHold(programs: Programs): Promise<{ capability: Capability; method?: HoldMethod }> {
  let capability: Capability = { available: false };
  for (const method of holdMethods) {
    capability = await tryMethod(programs, method);
    if (capability.available) return { capability, method };
  }
  return { capability };
}
