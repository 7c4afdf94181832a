import type { MessageOf } from '../../broker/contract/topics.ts';

/** Complete documents for tests, of which a test names only what matters to it. */

export function instant(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

export function nodeState(
  session: string,
  atMs: number,
  status: MessageOf<'nodeState'>['status'] = 'online',
): MessageOf<'nodeState'> {
  return { status, session, at: instant(atMs) };
}

export function nodeInfo(
  node: string,
  session: string,
  atMs: number,
  changes: Partial<MessageOf<'nodeInfo'>> = {},
): MessageOf<'nodeInfo'> {
  return {
    session,
    at: instant(atMs),
    agentVersion: '0.1.0',
    hostName: node,
    architecture: 'x64',
    kernel: '6.1.0',
    pageSizeBytes: 4096,
    cpuFeatures: [],
    cpuCount: 2,
    memoryBytes: 1e9,
    cgroup: 'v2',
    criuVersion: '4.2.1',
    runcVersion: '1.3.0',
    capabilities: { criu: { available: true }, runc: { available: true } },
    dataPlane: { host: '10.0.0.1', port: 7461 },
    radios: [],
    accessPoint: true,
    maxContainers: 32,
    ...changes,
  };
}

export function nodeClient(node: string, mac: string, session: string, sinceMs: number): MessageOf<'nodeClient'> {
  return { mac, node, session, interface: 'wlan0', since: instant(sinceMs) };
}

export function nodeContainer(
  node: string,
  name: string,
  generation: number,
  changes: Partial<MessageOf<'nodeContainer'>> = {},
): MessageOf<'nodeContainer'> {
  return {
    name,
    node,
    generation,
    status: 'running',
    image: { kind: 'rootfs', path: '/images/web' },
    mac: '02-00-00-00-00-aa',
    pinned: false,
    since: instant(0),
    ...changes,
  };
}

export function migration(
  id: string,
  container: string,
  from: string,
  to: string,
  changes: Partial<MessageOf<'nodeMigration'>> = {},
): MessageOf<'nodeMigration'> {
  return {
    id,
    container,
    generation: 0,
    from,
    to,
    technique: 'cold',
    techniqueReason: 'the only one',
    trigger: 'follow-user',
    reasons: [],
    phase: 'accepted',
    at: instant(0),
    startedAt: instant(0),
    phases: [],
    progress: { sentBytes: 0 },
    sentBytes: 0,
    ...changes,
  };
}
