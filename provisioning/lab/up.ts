import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { TagalongError } from '../../broker/contract/errors.ts';
import { tryRun } from '../../host/command.ts';
import { accessPointFiles } from './accessPoint.ts';
import { type CgroupMode, chooseMode, type Hierarchy, hierarchies } from './cgroups.ts';
import { agentFiles, controllerFiles, hostsFile } from './configuration.ts';
import { pathsOf } from './directories.ts';
import { takeDown } from './down.ts';
import { requireRoot } from './guard.ts';
import { withLock } from './lock.ts';
import { runInside } from './member/enter.ts';
import { type MemberFile, startMember } from './member/start.ts';
import { ip } from './network/ip.ts';
import { backboneLinks, cableTo, controllerLinks, nodeLinks, stationLinks } from './network/links.ts';
import { awaitAgents } from './online.ts';
import { labRootFileSystem, type OnProgress } from './rootFileSystem.ts';
import { servicesOf, startAndAwait } from './services.ts';
import { isNode, membersOf } from './site.ts';
import { findState, isAlive, type LabMember, type LabProcess, type LabState, writeState } from './state.ts';
import { stationFiles, stationInterface } from './station.ts';

export interface LabUpOptions {
  name: string;
  accessPoints: number;
  /** Plain nodes, without an access point. */
  nodes: number;
  stations: number;
  /** What the members see of control groups; `auto` takes what this machine uses. */
  cgroup?: CgroupMode | 'auto';
  /** A member with the broker and the policies. */
  controller: boolean;
  brokerKind?: 'embedded' | 'mosquitto';
  /** False for a site without agents and controller process: members, networks, hostapd and dnsmasq alone. */
  agents?: boolean;
  onProgress?: OnProgress;
}

function filesOf(state: LabState, member: LabMember): MemberFile[] {
  return [
    hostsFile(state, member),
    ...(member.kind === 'accessPoint' ? accessPointFiles(state.name, member) : []),
    ...(isNode(member) ? agentFiles(state, member) : []),
    ...(member.kind === 'controller' ? controllerFiles(state) : []),
    ...(member.kind === 'station' ? stationFiles() : []),
  ];
}

function newState(options: LabUpOptions, present: readonly Hierarchy[]): LabState {
  const members = membersOf(options);
  const users = [...members.filter(isNode).map((member) => member.name), 'controller', 'operator', 'viewer'];
  return {
    version: 1,
    name: options.name,
    phase: 'starting',
    startedAt: new Date().toISOString(),
    cgroup: chooseMode(options.cgroup ?? 'auto', present, options.name),
    brokerKind: options.brokerKind ?? 'embedded',
    agents: options.agents ?? true,
    members,
    passwords: Object.fromEntries(users.map((user) => [user, randomBytes(18).toString('base64url')])),
  };
}

const keepNeighbours = `echo 0 >/proc/sys/net/ipv4/conf/${stationInterface}/arp_evict_nocarrier`;

/** What a Debian machine uses, or the next best that the kernel allows here: the host's own choice may be another. */
const usualCongestionControl =
  'for name in cubic reno; do echo $name 2>/dev/null >/proc/sys/net/ipv4/tcp_congestion_control && break; done; true';

function insideNetwork(own: LabProcess, script: string): Promise<unknown> {
  return tryRun('nsenter', ['--target', String(own.pid), '--net', 'sh', '-c', `{ ${script}; } 2>/dev/null`]);
}

async function connect(member: LabMember, own: LabProcess, backbone: LabProcess): Promise<void> {
  await insideNetwork(own, usualCongestionControl);
  if (member.kind === 'station') {
    await ip(own, stationLinks(member));
    // as of a radio: it forgets nobody while it roams (Linux 5.16, ip-sysctl.rst)
    await insideNetwork(own, keepNeighbours);
    return;
  }
  if (member.kind === 'backbone') return await ip(own, backboneLinks());
  await ip(backbone, cableTo(member, own));
  await ip(own, isNode(member) ? nodeLinks(member) : controllerLinks(member));
}

/** Everything after the first state was written; what fails here is taken down by the caller. */
async function build(state: LabState, present: readonly Hierarchy[], onProgress: OnProgress): Promise<void> {
  const rootFileSystem = await labRootFileSystem(onProgress);
  let backbone: LabProcess | undefined;
  for (const member of state.members) {
    onProgress(`starting ${member.name}`);
    const own = await startMember(state, member, rootFileSystem, present, filesOf(state, member));
    member.process = own;
    await writeState(state);
    backbone ??= own;
    await connect(member, own, backbone);
    if (member.kind === 'accessPoint') await runInside(state, member, ['nft', '-f', '/etc/nftables-lab.conf']);
  }
  // the broker first, as the agents wait for it
  const order = [...state.members].sort((a, b) => Number(b.kind === 'controller') - Number(a.kind === 'controller'));
  await Promise.all(
    order.map(async (member) => {
      for (const service of servicesOf(state, member)) await startAndAwait(state, member, service);
    }),
  );
  // without a controller there is no broker to say it to
  if (state.agents && state.members.some((member) => member.kind === 'controller')) {
    onProgress('waiting for the agents');
    await awaitAgents(
      state,
      state.members.filter(isNode).map((member) => member.name),
    );
  }
}

async function isUp(name: string): Promise<boolean> {
  const state = await findState(name);
  return state?.phase === 'up' && (await isAlive(state.members[0]?.process));
}

/**
 * Starts a lab: a small site in namespaces of this machine. What a crashed one of the same name left is removed first.
 *
 * @returns the lab's state, with the addresses and passwords
 * @throws TagalongError `lab-exists`, `not-root`, or `lab-failed`; then nothing of it is left
 */
export async function labUp(options: LabUpOptions): Promise<LabState> {
  const { name, onProgress = () => undefined } = options;
  requireRoot('a lab');
  const { state: directory, shared, data, lock } = pathsOf(name);
  return await withLock(lock, async () => {
    if (await isUp(name)) throw new TagalongError('lab-exists', { lab: name });
    await takeDown(name);
    const present = await hierarchies();
    const state = newState(options, present);
    try {
      await writeState(state);
      await mkdir(shared, { recursive: true, mode: 0o700 });
      await mkdir(data, { recursive: true, mode: 0o700 });
      await build(state, present, onProgress);
      state.phase = 'up';
      await writeState(state);
      return state;
    } catch (error) {
      await takeDown(name);
      if (error instanceof TagalongError && error.code === 'lab-failed') throw error;
      const problem = error instanceof Error ? error.message : String(error);
      throw new TagalongError('lab-failed', { lab: name, problem, directory }, error);
    }
  });
}
