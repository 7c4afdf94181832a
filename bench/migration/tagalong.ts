import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { SiteConnection } from '../../broker/connection.ts';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { MessageOf } from '../../broker/contract/topics.ts';
import { sendRequest } from '../../cli/request.ts';
import type { Contestant, Moved } from './contestant.ts';
import { destinationNode, type Site, sourceNode } from './site.ts';
import { image, serviceCommand } from './workload.ts';

const container = 'bench';
const startLimitMs = 60_000;
const accountLimitMs = 2000;

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

function movedBy(migration: Migration | undefined, orderedAtMs: number): Moved {
  const timed = (migration?.phases ?? []).filter(({ durationMs }) => durationMs !== undefined);
  const phasesMs = Object.fromEntries(timed.map(({ phase, durationMs = 0 }) => [phase, durationMs]));
  const committedAt = migration?.committedAt;
  // one machine, one clock; after the commit both nodes are tidied, which peers leave to others
  return committedAt === undefined ? { phasesMs } : { phasesMs, totalMs: Date.parse(committedAt) - orderedAtMs };
}

/** Tagalong: an order over MQTT to the agents of both nodes. */
export async function makeTagalong({ connection }: Site): Promise<Contestant> {
  let completed = Promise.withResolvers<Migration>();
  await connection.subscribe('nodeMigrationEvent', {}, ({ message }) => {
    if (message?.container === container && message.phase === 'completed') completed.resolve(message);
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
      completed = Promise.withResolvers();
      const orderedAtMs = Date.now();
      const request = { container, to: destinationNode, technique: 'cold' as const, id: randomUUID() };
      await sendRequest(connection, 'migrate', request, { finishMs: limitMs });
      // the account may come after the answer
      const account = await Promise.race([completed.promise, delay(accountLimitMs, undefined)]);
      return movedBy(account, orderedAtMs);
    },
    async tearDown() {
      await sendRequest(connection, 'stop', { container, timeoutMs: 0 });
    },
  };
}
