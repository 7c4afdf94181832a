import { randomUUID } from 'node:crypto';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { RequestOf } from '../../broker/contract/requests.ts';
import { describeError } from '../../cli/answeredError.ts';
import { sendRequest } from '../../cli/request.ts';
import { limited } from '../measure/limit.ts';
import { type Accounts, movedBy } from './account.ts';
import { awaitDocument } from './containerDocument.ts';
import type { Contestant, Leg, Moved } from './contestant.ts';
import { destinationNode, type NodeName, type Site, sourceNode } from './site.ts';
import { image, serviceCommand } from './workload.ts';

export type OrderedTechnique = NonNullable<RequestOf<'migrate'>['technique']>;

/** A leg of Tagalong's, as data. */
export interface OrderedLeg {
  name: string;
  technique: OrderedTechnique;
  from: NodeName;
  /** The destination is kept warm by a request `prepare` before. */
  prepared?: boolean;
  restMs?: number;
  changedShare?: number;
}

const startLimitMs = 60_000;
const addressLimitMs = 10_000;
const accountLimitMs = 10_000;
/** More than any link of the benchmark carries: the preparation shall last as long as the link wants, and no longer. */
const prepareBytesPerSecond = 1_250_000_000;

const otherThan = (node: NodeName): NodeName => (node === sourceNode ? destinationNode : sourceNode);

/** What a refusal or failure says, with its reasons, since a run keeps one text of it. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, message } = describeError(error);
    throw new TagalongError('command-failed', { command: 'Tagalong', problem: `${code}: ${message}` }, error);
  }
}

/**
 * Tagalong: orders over MQTT to the agents of both nodes.
 *
 * @param ordered - the moves, one after the other; the first from the source
 */
export function makeTagalong({ connection }: Site, accounts: Accounts, ordered: readonly OrderedLeg[]): Contestant {
  // a new name for each run: what agents keep of an earlier one must not help
  let container = '';
  const move = async (to: NodeName, technique: OrderedTechnique, limitMs: number): Promise<Moved> => {
    const orderedAtMs = Date.now();
    const request = { container, to, technique, id: randomUUID() };
    const { migration } = await told(sendRequest(connection, 'migrate', request, { finishMs: limitMs }));
    if (migration === undefined) return { phasesMs: {}, phasesBytes: {} };
    // the account may come after the answer, and where memory follows behind, long after it
    const waitMs = technique === 'cold' || technique === 'pre-copy' ? accountLimitMs : limitMs;
    const account = await limited(accounts.endOf(migration), waitMs, 'the account', new AbortController().signal);
    if (account.phase === 'completed') return movedBy(account, orderedAtMs);
    const problem = account.error === undefined ? account.phase : `${account.error.code}: ${account.error.message}`;
    throw new TagalongError('command-failed', { command: 'Tagalong', problem });
  };
  const prepare = async (to: NodeName, limitMs: number) => {
    const request = { container, to, rateBytesPerSecond: prepareBytesPerSecond };
    await told(sendRequest(connection, 'prepare', request, { finishMs: limitMs }));
    const isPrepared = ({ prepared = [] }: { prepared?: { node: string }[] | undefined }) =>
      prepared.some(({ node }) => node === to) || undefined;
    await awaitDocument(connection, container, isPrepared, limitMs, 'the preparation');
  };
  const legOf = ({ name, technique, from, prepared, restMs, changedShare }: OrderedLeg): Leg => {
    const to = otherThan(from);
    return {
      ...{ name, technique, from, to },
      ...(restMs === undefined ? {} : { restMs }),
      ...(changedShare === undefined ? {} : { changedShare }),
      ...(prepared ? { ready: (limitMs: number) => prepare(to, limitMs) } : {}),
      move: (limitMs) => move(to, technique, limitMs),
    };
  };

  return {
    legs: ordered.map(legOf),
    async setUp(workload) {
      container = `bench-${randomUUID().slice(0, 8)}`;
      const request = { name: container, node: sourceNode, image, command: serviceCommand(workload) };
      await told(sendRequest(connection, 'run', request, { finishMs: startLimitMs }));
      const addressOf = ({ status, address }: { status: string; address?: string | undefined }) =>
        status === 'running' ? address : undefined;
      return await awaitDocument(connection, container, addressOf, addressLimitMs, 'the address');
    },
    async tearDown() {
      await sendRequest(connection, 'stop', { container, timeoutMs: 0 });
    },
  };
}
