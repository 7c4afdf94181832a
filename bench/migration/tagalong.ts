import { randomUUID } from 'node:crypto';
import type { SiteConnection } from '../../broker/connection.ts';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { MessageOf } from '../../broker/contract/topics.ts';
import { sendRequest } from '../../cli/request.ts';
import type { Contestant, PhasesMs } from './contestant.ts';
import { destinationNode, type Site, sourceNode } from './site.ts';
import { image, serviceCommand } from './workload.ts';

const container = 'bench';
const startLimitMs = 60_000;

type Migration = MessageOf<'nodeMigrationEvent'>;

/** Waits for the document of the container that runs, and gives its address. */
async function addressOf(connection: SiteConnection): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const unsubscribe = await connection.subscribe('nodeContainer', { name: container }, ({ message }) => {
    if (message?.status === 'running' && message.address !== undefined) resolve(message.address);
  });
  const problem = `${container} has no address`;
  const timer = setTimeout(() => reject(new TagalongError('command-failed', { command: 'run', problem })), 10_000);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    await unsubscribe();
  }
}

function phasesOf(migration: Migration | undefined): PhasesMs {
  const timed = (migration?.phases ?? []).filter(({ durationMs }) => durationMs !== undefined);
  return Object.fromEntries(timed.map(({ phase, durationMs = 0 }) => [phase, durationMs]));
}

/** Tagalong: an order over MQTT to the agents of both nodes. */
export async function makeTagalong({ connection }: Site): Promise<Contestant> {
  let last: Migration | undefined;
  await connection.subscribe('nodeMigrationEvent', {}, ({ message }) => {
    if (message?.container === container) last = message;
  });
  return {
    name: 'tagalong-cold',
    technique: 'cold',
    async setUp(memoryBytes) {
      const request = { name: container, node: sourceNode, image, command: serviceCommand(memoryBytes) };
      await sendRequest(connection, 'run', request, { finishMs: startLimitMs });
      return await addressOf(connection);
    },
    async move(limitMs) {
      last = undefined;
      const request = { container, to: destinationNode, technique: 'cold' as const, id: randomUUID() };
      await sendRequest(connection, 'migrate', request, { finishMs: limitMs });
      return phasesOf(last);
    },
    async tearDown() {
      await sendRequest(connection, 'stop', { container, timeoutMs: 0 });
    },
  };
}
