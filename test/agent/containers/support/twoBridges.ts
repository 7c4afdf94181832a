import { setTimeout as wait } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { type LongRunning, run, start } from '../../../../host/command.ts';

const support = import.meta.dirname;

/** Two nodes, each a namespace with a bridge, joined; a client is linked to the first, a container is at the second. */
export interface TwoBridges {
  /** Has the second node do something and waits until it is done. */
  node(verb: string): Promise<void>;
  /** Runs a shell line where the client, the first node, the second or the container is. */
  sh(where: 'client' | 'first' | 'second' | 'container', script: string): Promise<string>;
  /** The container's port on the second node. */
  port: string;
  client(): LineClient;
}

export interface LineClient {
  /** What it has said so far. */
  readonly said: readonly string[];
  /** Resolves when so many answers more have come. */
  answers(count: number): Promise<void>;
  /** Lets it wait for all answers and end. */
  end(): Promise<void>;
}

async function takeLine(lines: AsyncIterator<string>): Promise<string> {
  const next = await lines.next();
  if (next.done) throw new Error('a program ended early');
  return next.value;
}

function lineClient(program: LongRunning): LineClient {
  const said: string[] = [];
  const reading = (async () => {
    for await (const line of program.lines()) said.push(line);
  })();
  const answered = () => said.filter((line) => line.startsWith('answer')).length;
  return {
    said,
    async answers(count) {
      for (const wanted = answered() + count; answered() < wanted; ) await wait(5);
    },
    async end() {
      program.endInput();
      await reading;
    },
  };
}

/** Makes it all, in namespaces of this test alone. */
export async function twoBridges(t: ExecutionContext, label: string): Promise<TwoBridges> {
  const [client, first, second, container] = ['c', 'a', 'b', 'n'].map((end) => `t${process.pid}${label}${end}`) as [
    string,
    string,
    string,
    string,
  ];
  const names = { client, first, second, container };
  const sh: TwoBridges['sh'] = async (where, script) =>
    (await run('nsenter', [`--net=/run/netns/${names[where]}`, 'sh', '-c', script])).stdout;
  for (const name of [client, first, second]) {
    await run('ip', ['netns', 'add', name]);
    t.teardown(() => run('ip', ['netns', 'delete', name]));
  }
  await sh(
    'first',
    `ip link add br0 type bridge && ip link set br0 up
    ip link add air type veth peer name eth0 netns ${client} && ip link set air master br0 up
    ip link add join type veth peer name join netns ${second} && ip link set join master br0 up`,
  );
  await sh('second', 'ip link add br0 type bridge && ip link set br0 up && ip link set join master br0 up');
  await sh('client', 'ip addr add 10.99.0.1/24 dev eth0 && ip link set eth0 up');
  const program = (where: keyof typeof names, ...parameters: string[]) =>
    start('nsenter', [`--net=/run/netns/${names[where]}`, process.execPath, ...parameters]);
  const node = program('second', `${support}/holdingNode.ts`, 'br0', container);
  const lines = node.lines()[Symbol.asyncIterator]();
  const perform = async (verb: string) => {
    node.write(`${verb}\n`);
    const answer = await takeLine(lines);
    if (answer !== verb) throw new Error(`${verb}: ${answer}`);
  };
  const [, port = '', method] = (await takeLine(lines)).split(' ');
  if (method === 'none') throw new Error('this kernel cannot keep packets');
  t.teardown(async () => {
    await perform('remove');
    node.endInput();
    await node.ended;
  });
  return {
    node: perform,
    sh,
    port,
    client: () => lineClient(program('client', `${support}/lineClient.ts`, '10.99.0.2', '7')),
  };
}
