import { tryRun } from '../../host/command.ts';
import { accessPointInterface, accessPointServices, hostapdControlDirectory } from './accessPoint.ts';
import { entryTo, runInside, servicePidsOf, startService } from './member/enter.ts';
import type { LabMember, LabState } from './state.ts';
import { waitFor } from './waitFor.ts';

const tagalong = '/opt/tagalong/bin/tagalong';

const startTimeoutMs = 30_000;
const patienceMs = 5000;

export type ServiceName = 'hostapd' | 'dnsmasq' | 'agent' | 'controller' | 'mosquitto';

const commands: Readonly<Record<ServiceName, readonly string[]>> = {
  ...accessPointServices,
  agent: [tagalong, 'agent', '--config', '/etc/tagalong/agent.yaml'],
  controller: [tagalong, 'controller', '--config', '/etc/tagalong/controller.yaml'],
  mosquitto: ['mosquitto', '-c', '/etc/mosquitto-lab.conf'],
};

/** What runs in a member, in the order of starting. */
export function servicesOf(state: LabState, member: LabMember): ServiceName[] {
  const agent: ServiceName[] = state.agents ? ['agent'] : [];
  switch (member.kind) {
    case 'accessPoint':
      return ['hostapd', 'dnsmasq', ...agent];
    case 'node':
      return agent;
    case 'controller':
      return [
        ...(state.brokerKind === 'mosquitto' ? (['mosquitto'] as const) : []),
        ...(state.agents ? (['controller'] as const) : []),
      ];
    default:
      return [];
  }
}

/** The last lines that a service printed. */
export async function logOf(state: LabState, member: LabMember, service: ServiceName, lines = 5): Promise<string> {
  const said = await runInside(state, member, ['tail', '-n', String(lines), `/var/log/${service}.log`]).catch(
    () => undefined,
  );
  return said?.stdout.trim() ?? '';
}

/** Whether a service does its work. */
async function answers(state: LabState, member: LabMember, service: ServiceName): Promise<boolean> {
  if (service === 'hostapd') {
    const { file, parameters } = await entryTo(state, member, [
      ...['hostapd_cli', '-p', hostapdControlDirectory, '-i', accessPointInterface, 'ping'],
    ]);
    return /PONG/.test((await tryRun(file, parameters))?.stdout ?? '');
  }
  if (service === 'dnsmasq') return await listensOn(state, member, ['-lun', 'sport', '=', ':67']);
  if (service === 'mosquitto') return await listensOn(state, member, ['-ltn', 'sport', '=', ':1883']);
  return (await servicePidsOf(state, member, service)).length > 0;
}

async function listensOn(state: LabState, member: LabMember, filter: readonly string[]): Promise<boolean> {
  return (await runInside(state, member, ['ss', '-H', ...filter])).stdout.trim() !== '';
}

/**
 * Starts a service and waits until it answers.
 * @throws TagalongError `lab-failed` with the last lines of its log
 */
export async function startAndAwait(state: LabState, member: LabMember, service: ServiceName): Promise<void> {
  await startService(state, member, service, commands[service]);
  await waitFor(
    state.name,
    `${service} of ${member.name}`,
    startTimeoutMs,
    () => answers(state, member, service),
    () => logOf(state, member, service),
  );
}

/** Ends a service with SIGTERM, with SIGKILL after some seconds, and waits until it is gone; what it started to outlive it lives on. */
export async function stopService(state: LabState, member: LabMember, service: ServiceName): Promise<void> {
  const startedAt = Date.now();
  for (;;) {
    const pids = await servicePidsOf(state, member, service);
    if (pids.length === 0) return;
    const patient = Date.now() - startedAt < patienceMs;
    // the first one ends the others in its own way
    const kill = patient ? ['-TERM', String(pids[0])] : ['-KILL', ...pids.map(String)];
    await runInside(state, member, ['sh', '-c', 'kill "$@" 2>/dev/null; sleep 0.05; true', 'sh', ...kill]);
  }
}
