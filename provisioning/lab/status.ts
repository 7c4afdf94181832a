import { hierarchies, labProcesses } from './cgroups.ts';
import { siteOf } from './configuration.ts';
import { pathsOf } from './directories.ts';
import { associatedAt } from './hostapd.ts';
import { servicePidsOf } from './member/enter.ts';
import { type ServiceName, servicesOf } from './services.ts';
import type { MemberKind } from './site.ts';
import { findState, isAlive, type LabMember, type LabState, labNames, type Shaping } from './state.ts';

export interface LabMemberStatus {
  name: string;
  kind: MemberKind;
  running: boolean;
  address?: string;
  mac?: string;
  /** Stations: the access point it is at. */
  at?: string;
  /** Access points: the MAC addresses that hostapd holds for associated. */
  associated?: string[];
  /** Whether each of its services runs. */
  services: Partial<Record<ServiceName, boolean>>;
  shaping?: Shaping;
}

export interface LabStatus {
  name: string;
  /** `broken`: not all of its members run, or only leftovers are there; `tagalong lab down` removes them. */
  phase: 'up' | 'starting' | 'broken' | 'down';
  site?: string;
  startedAt?: string;
  cgroup?: 'v1' | 'v2';
  brokerKind?: 'embedded' | 'mosquitto';
  /** Reaches the broker from this machine. */
  brokerUrl?: string;
  processes: number;
  members: LabMemberStatus[];
}

async function statusOfMember(state: LabState, member: LabMember): Promise<LabMemberStatus> {
  const { name, kind, address, mac, at, shaping } = member;
  const running = await isAlive(member.process);
  const services: LabMemberStatus['services'] = {};
  for (const service of servicesOf(state, member)) {
    services[service] = running && (await servicePidsOf(state, member, service)).length > 0;
  }
  return {
    name,
    kind,
    running,
    ...(address === undefined ? {} : { address }),
    ...(mac === undefined ? {} : { mac }),
    ...(at === undefined ? {} : { at }),
    ...(kind === 'accessPoint' && running ? { associated: await associatedAt(state, member) } : {}),
    services,
    ...(shaping === undefined ? {} : { shaping }),
  };
}

/** How a lab is: who runs, where the stations are, how uplinks are shaped. */
export async function labStatus({ name }: { name: string }): Promise<LabStatus> {
  const processes = (await labProcesses(await hierarchies(), name)).length;
  const state = await findState(name);
  if (!state) {
    const leftovers = processes > 0 || (await labNames()).includes(name);
    return { name, phase: leftovers ? 'broken' : 'down', processes, members: [] };
  }
  const members = await Promise.all(state.members.map((member) => statusOfMember(state, member)));
  const allRun = members.every((member) => member.running);
  return {
    name,
    phase: state.phase === 'up' && !allRun ? 'broken' : state.phase,
    site: siteOf(state),
    startedAt: state.startedAt,
    cgroup: state.cgroup,
    brokerKind: state.brokerKind,
    brokerUrl: `unix:${pathsOf(name).brokerSocket}`,
    processes,
    members,
  };
}

/** How every lab of this machine is. */
export async function labStatuses(): Promise<LabStatus[]> {
  const names = await labNames();
  return await Promise.all(names.map((name) => labStatus({ name })));
}
