import { connectToSite } from '../../broker/connection.ts';
import { makeLog } from '../../host/log.ts';
import { siteOf } from './configuration.ts';
import { pathsOf } from './directories.ts';
import { logOf } from './services.ts';
import { isNode } from './site.ts';
import type { LabState } from './state.ts';
import { waitFor } from './waitFor.ts';

const onlineTimeoutMs = 30_000;

/** How a program on this machine reaches the broker of a lab. */
export function brokerOf(
  state: LabState,
  user: 'operator' | 'viewer' | 'controller',
): { url: string; site: string; username: string; password: string } {
  const password = state.passwords[user] ?? '';
  return { url: `unix:${pathsOf(state.name).brokerSocket}`, site: siteOf(state), username: user, password };
}

/**
 * Waits until every agent of the lab has said that it is online.
 * @throws TagalongError `lab-failed` with the log of one that has not
 */
export async function awaitAgents(state: LabState): Promise<void> {
  const missing = new Set(state.members.filter(isNode).map((member) => member.name));
  const url = brokerOf(state, 'viewer');
  await waitFor(state.name, 'the broker', onlineTimeoutMs, async () => {
    const connection = await connectToSite({
      ...url,
      clientId: 'lab-up-probe',
      log: makeLog('lab', 'silent'),
      connectTimeoutMs: 1000,
    }).catch(() => undefined);
    await connection?.close();
    return connection !== undefined;
  });
  const connection = await connectToSite({ ...url, clientId: 'lab-up', log: makeLog('lab') });
  try {
    await connection.subscribe('nodeState', {}, ({ parameters, message }) => {
      if (message?.status === 'online') missing.delete(parameters.node);
    });
    await waitFor(
      state.name,
      `the agents of ${[...missing].join(', ')}`,
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
