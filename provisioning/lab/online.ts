import { connectToSite } from '../../broker/connection.ts';
import { makeLog } from '../../host/log.ts';
import { siteOf } from './configuration.ts';
import { pathsOf } from './directories.ts';
import { logOf } from './services.ts';
import type { LabState } from './state.ts';
import { waitFor } from './waitFor.ts';

const onlineTimeoutMs = 60_000;

/** How a program on this machine reaches the broker of a lab. */
export function brokerOf(
  state: LabState,
  user: 'operator' | 'viewer' | 'controller',
): { url: string; site: string; username: string; password: string } {
  const password = state.passwords[user] ?? '';
  return { url: `unix:${pathsOf(state.name).brokerSocket}`, site: siteOf(state), username: user, password };
}

async function tryBroker(state: LabState): Promise<boolean> {
  const connection = await connectToSite({
    ...brokerOf(state, 'viewer'),
    clientId: `lab-probe-${process.pid}`,
    log: makeLog('lab', 'silent'),
    connectTimeoutMs: 1000,
  }).catch(() => undefined);
  await connection?.close();
  return connection !== undefined;
}

/**
 * Waits until the broker of a lab takes connections.
 * @throws TagalongError `lab-failed`
 */
export async function awaitBroker(state: LabState): Promise<void> {
  await waitFor(state.name, 'the broker', onlineTimeoutMs, () => tryBroker(state));
}

/**
 * Waits until agents have said that they are online.
 *
 * @param nodes - their nodes' names
 * @param since - a document that is older does not count: it is of an agent before
 * @throws TagalongError `lab-failed` with the log of one that has not
 */
export async function awaitAgents(state: LabState, nodes: readonly string[], since = new Date(0)): Promise<void> {
  await awaitBroker(state);
  const missing = new Set(nodes);
  const log = makeLog('lab');
  const connection = await connectToSite({ ...brokerOf(state, 'viewer'), clientId: `lab-wait-${process.pid}`, log });
  try {
    await connection.subscribe('nodeState', {}, ({ parameters, message }) => {
      if (message?.status !== 'offline' && new Date(message?.at ?? 0) > since) missing.delete(parameters.node);
    });
    await waitFor(
      state.name,
      `the agent of ${nodes.join(', ')}`,
      onlineTimeoutMs,
      async () => missing.size === 0,
      async () => {
        const first = state.members.find((member) => missing.has(member.name));
        return first ? `${first.name}: ${await logOf(state, first, 'agent')}` : '';
      },
    );
  } finally {
    await connection.close();
  }
}
