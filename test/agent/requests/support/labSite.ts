import { randomUUID } from 'node:crypto';
import { connectToSite, type SiteConnection } from '../../../../broker/connection.ts';
import { rootOf } from '../../../../broker/contract/address.ts';
import type { Response, Verb } from '../../../../broker/contract/requests.ts';
import { type MessageOf, requestTopicOf } from '../../../../broker/contract/topics.ts';
import { makeLog } from '../../../../host/log.ts';
import { labDown } from '../../../../provisioning/lab/down.ts';
import { labRun } from '../../../../provisioning/lab/exec.ts';
import { brokerOf } from '../../../../provisioning/lab/online.ts';
import { controllerAddress } from '../../../../provisioning/lab/site.ts';
import type { LabState } from '../../../../provisioning/lab/state.ts';
import { labUp } from '../../../../provisioning/lab/up.ts';
import { type Heard, makeHeard } from './heard.ts';

export interface LabSiteOptions {
  /** A short word that tells this lab from those of other tests. */
  label: string;
  accessPoints?: number;
  nodes?: number;
  stations?: number;
  brokerKind?: 'embedded' | 'mosquitto';
}

export interface PublishOptions {
  verb?: string;
  retain?: boolean;
}

/** A lab of real agents, and an operator who is connected to it. */
export interface LabSite {
  name: string;
  state: LabState;
  connection: SiteConnection;
  /** Every answer of any node, but those to {@link LabSite.fence}. */
  responses: Heard<Response>;
  audits: Heard<MessageOf<'audit'>>;
  /** Sends bytes as they are, by mosquitto_pub and with the operator's password. */
  publishRaw(payload: string, options?: PublishOptions): Promise<void>;
  /** Sends a request and returns its answers, up to the last one. */
  ask(verb: Verb, request: Record<string, unknown>): Promise<Response[]>;
  /** As {@link LabSite.ask}, and returns the last one alone. */
  last(verb: Verb, request: Record<string, unknown>): Promise<Response>;
  /** Every agent that runs has handled what was sent before: each was asked something twice, and has answered. */
  fence(...nodes: string[]): Promise<void>;
  run(member: string, ...command: string[]): Promise<string>;
  close(): Promise<void>;
}

const fencePrefix = 'fence-';

/** What every program of Mosquitto needs to speak as the operator, from within the lab. */
export function mosquittoAccess(state: LabState): string[] {
  const { username, password } = brokerOf(state, 'operator');
  return ['-h', controllerAddress, '-u', username, '-P', password, '-q', '1'];
}

/** Starts a lab of its own and connects to it. `close` takes it down. */
export async function openLabSite(options: LabSiteOptions): Promise<LabSite> {
  const { label, accessPoints = 0, nodes = 0, stations = 0, brokerKind = 'embedded' } = options;
  const name = `q${process.pid}-${label}`;
  const state = await labUp({ name, accessPoints, nodes, stations, controller: true, brokerKind });
  try {
    return await openSite(name, state);
  } catch (error) {
    await labDown({ name });
    throw error;
  }
}

async function openSite(name: string, state: LabState): Promise<LabSite> {
  const connection = await connectToSite({
    ...brokerOf(state, 'operator'),
    clientId: `test-${randomUUID()}`,
    log: makeLog('test', 'silent'),
  });
  const responses = makeHeard<Response>();
  const fences = makeHeard<Response>();
  const audits = makeHeard<MessageOf<'audit'>>();
  await connection.subscribe('response', {}, ({ message }) => {
    if (message !== undefined) (message.id.startsWith(fencePrefix) ? fences : responses).put(message);
  });
  await connection.subscribe('audit', {}, ({ message }) => {
    if (message !== undefined) audits.put(message);
  });
  const run = async (member: string, ...command: string[]) =>
    (await labRun({ name, member, command, timeoutMs: 60_000 })).stdout;

  async function ask(verb: Verb, request: Record<string, unknown>): Promise<Response[]> {
    const id = String(request['id'] ?? randomUUID());
    const from = responses.all.length;
    await connection.publish(requestTopicOf(verb), {}, { ...request, id } as never);
    const isMine = (response: Response) => response.id === id && response.verb === verb;
    await responses.first((response) => isMine(response) && response.status !== 'accepted', from);
    return responses.all.slice(from).filter(isMine);
  }

  async function fenceOnce(node: string): Promise<void> {
    const id = `${fencePrefix}${randomUUID()}`;
    await connection.publish('requestDescribe', {}, { id, node });
    await fences.first((response) => response.id === id);
  }

  return {
    name,
    state,
    connection,
    responses,
    audits,
    ask,
    run,
    async last(verb, request) {
      return (await ask(verb, request)).at(-1) as Response;
    },
    async publishRaw(payload, { verb = 'migrate', retain = false } = {}) {
      const topic = `${rootOf(connection.site)}/request/${verb}`;
      const content = payload === '' ? ['-n'] : ['-s'];
      const command = ['mosquitto_pub', ...mosquittoAccess(state), '-t', topic, ...content, ...(retain ? ['-r'] : [])];
      await labRun({
        ...{ name, member: 'controller', command, timeoutMs: 30_000 },
        ...(payload === '' ? {} : { input: payload }),
      });
    },
    async fence(...nodes) {
      for (let round = 0; round < 2; round += 1) await Promise.all(nodes.map(fenceOnce));
    },
    async close() {
      await connection.close();
      await labDown({ name });
    },
  };
}
