import { readFile } from 'node:fs/promises';
import { localPrograms, type Programs } from '../../host/programs.ts';
import type { HoldMethod } from '../containers/packetHold.ts';
import { type CgroupMode, readCgroupMode } from './cgroupMode.ts';
import { probeCriu } from './criu.ts';
import { readMemory } from './memory.ts';
import { probePacketHold } from './packetHold.ts';
import { readPageSize } from './pageSize.ts';
import { type Processor, parseProcessor } from './processor.ts';
import { attempt, type Capability, capabilityOf, probeVersion } from './programProbes.ts';

/** What was found out about this node. All of it was tried; nothing is derived from names or versions. */
export interface NodeProbe {
  criuVersion?: string;
  runcVersion?: string;
  /** How packets can be kept for a container that is on its way here. */
  packetHold?: HoldMethod;
  cgroup: CgroupMode;
  processor: Processor;
  pageSizeBytes: number;
  memoryBytes: number;
  capabilities: Record<string, Capability>;
}

/** Whether the kernel has a queueing discipline, tried on the loopback of a network namespace of its own. */
async function probeQueue(programs: Programs, ...discipline: string[]): Promise<Capability> {
  const command = ['tc', 'qdisc', 'add', 'dev', 'lo', 'root', ...discipline];
  const outcome = await attempt(programs, 'unshare', ['--net', '--', ...command]);
  return capabilityOf('tc', outcome);
}

/** hostapd answers a question for its version by a failure, its control program does not. */
async function probeHostapd(programs: Programs): Promise<Capability> {
  const [daemon, { capability }] = await Promise.all([
    attempt(programs, 'hostapd', ['-v']),
    probeVersion(programs, 'hostapd_cli', ['-v'], /hostapd_cli v(\S+)/),
  ]);
  return daemon.kind === 'missing' ? { available: false, detail: 'The program hostapd is not installed.' } : capability;
}

async function probeNetworkManager(programs: Programs): Promise<Capability> {
  const outcome = await attempt(programs, 'nmcli', ['--terse', '--fields', 'RUNNING', 'general']);
  if (outcome.kind === 'missing') return { available: false, detail: 'The program nmcli is not installed.' };
  if (outcome.kind === 'succeeded' && outcome.output === 'running') return { available: true };
  return { available: false, detail: 'NetworkManager is not running.' };
}

/**
 * Finds out what this node can do, all at once. Called once at the start of an agent; takes some tenths of a second.
 *
 * A program that is missing, or a feature that the kernel lacks, is an answer: `available: false` with a sentence.
 *
 * @param programs - where the programs are run; this machine by default
 */
export async function probeCapabilities(programs: Programs = localPrograms): Promise<NodeProbe> {
  const [
    criu,
    runc,
    umoci,
    dnsmasq,
    hostapd,
    networkManager,
    netem,
    htb,
    hold,
    cpuinfo,
    cgroup,
    pageSizeBytes,
    memory,
  ] = await Promise.all([
    probeCriu(programs),
    probeVersion(programs, 'runc', ['--version'], /^runc version (\S+)/m),
    probeVersion(programs, 'umoci', ['--version'], /^umoci version (\S+)/m),
    probeVersion(programs, 'dnsmasq', ['--version'], /^Dnsmasq version (\S+)/m),
    probeHostapd(programs),
    probeNetworkManager(programs),
    probeQueue(programs, 'netem', 'delay', '1ms'),
    probeQueue(programs, 'handle', '1:', 'htb'),
    probePacketHold(programs),
    readFile('/proc/cpuinfo', 'utf8'),
    readCgroupMode(),
    readPageSize(),
    readMemory(),
  ]);
  return {
    ...(criu.version === undefined ? {} : { criuVersion: criu.version }),
    ...(runc.version === undefined ? {} : { runcVersion: runc.version }),
    ...(hold.method === undefined ? {} : { packetHold: hold.method }),
    cgroup,
    processor: parseProcessor(cpuinfo),
    pageSizeBytes,
    memoryBytes: memory.memoryBytes,
    capabilities: {
      ...criu.capabilities,
      runc: runc.capability,
      netem,
      htb,
      packetHold: hold.capability,
      umoci: umoci.capability,
      hostapd,
      dnsmasq: dnsmasq.capability,
      networkManager,
    },
  };
}
