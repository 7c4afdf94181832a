import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { connectToSite } from '../../broker/connection.ts';
import { startBroker } from '../../broker/embedded/broker.ts';
import { connectAs, hear } from './support/connecting.ts';
import { makeMailbox } from './support/mailbox.ts';
import { usersWithPasswords } from './support/people.ts';
import { makeSilentLog } from './support/silentLog.ts';

const at = '2026-01-02T03:04:05.000Z';
const online = { status: 'online', session: 's1', at } as const;

async function startFor(t: ExecutionContext) {
  const broker = await startBroker({ users: usersWithPasswords(), listeners: {} }, makeSilentLog());
  t.teardown(() => broker.close());
  return broker;
}

test('a broker that is not there, or does not speak, is unreachable', async (t) => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const connect = (url: string) =>
    connectToSite({ url, site: 'default', clientId: 'x', log: makeSilentLog(), connectTimeoutMs: 300 });
  await t.throwsAsync(connect(`mqtt://127.0.0.1:${port}`), { message: /no answer within 300 ms/ });
  await t.throwsAsync(connect('mqtt://127.0.0.1:1'), { message: /ECONNREFUSED/ });
  await t.throwsAsync(connect('unix:/nowhere/broker.sock'), { code: 'broker-unreachable', message: /ENOENT/ });
});

test('listeners that throw or reject are logged, and the next message is heard', async (t) => {
  const { openStream } = await startFor(t);
  const log = makeSilentLog();
  const viewer = await connectAs(t, '', 'eve', { openStream, log });
  const heard = makeMailbox<string | undefined>();
  await viewer.subscribe('nodeState', {}, () => {
    throw new Error('thrown');
  });
  await viewer.subscribe('nodeState', {}, async () => {
    throw new Error('rejected');
  });
  await viewer.subscribe('nodeState', {}, ({ message }) => heard.put(message?.session));
  const node = await connectAs(t, '', 'ap1', { openStream });
  for (const session of ['1', '2']) {
    await node.publish('nodeState', { node: 'ap1' }, { ...online, session });
    t.is(await heard.next(), session);
  }
  t.is(log.lines.filter(({ message }) => message === 'a listener failed').length, 4);
});

test('a listener that has been ended hears nothing, one of the same filter goes on', async (t) => {
  const { openStream } = await startFor(t);
  const viewer = await connectAs(t, '', 'eve', { openStream });
  const stays = await hear(viewer, 'nodeState');
  const stop = await viewer.subscribe('nodeState', {}, () => t.fail('it was ended'));
  await stop();
  await (await connectAs(t, '', 'ap1', { openStream })).publish('nodeState', { node: 'ap1' }, online);
  t.is((await stays.next()).message?.session, 's1');
});

test('after a loss: one loss told, one return told, what waited is heard, telemetry is not', async (t) => {
  const { openStream } = await startFor(t);
  let current = openStream();
  const node = await connectAs(t, '', 'ap1', {
    openStream: () => {
      current = openStream();
      return current;
    },
  });
  const own = await hear(node, 'nodeState');
  const events = await hear(await connectAs(t, '', 'alice', { openStream }), 'response');
  let losses = 0;
  const lost = new Promise<void>((resolve) =>
    node.onLost(() => {
      losses += 1;
      resolve();
    }),
  );
  const returned = makeMailbox<boolean>();
  node.onReconnected(() => returned.put(node.connected));
  current.destroy();
  await lost;
  t.false(node.connected);
  const answer = { verb: 'pin', status: 'done', node: 'ap1', at } as const;
  const answers = ['a', 'b', 'c'].map((id) => node.publish('response', { verb: 'pin', id }, { ...answer, id }));
  const telemetry = { session: 's', sequence: 0, at, cpuFraction: 0, load: [0, 0, 0], memoryAvailableBytes: 0 };
  const rest = { memoryBytes: 0, diskAvailableBytes: 0, diskBytes: 0, containers: 0, links: {}, stations: [] };
  await node.publish('nodeTelemetry', { node: 'ap1' }, { ...telemetry, ...rest, load: [0, 0, 0] });
  t.true(await returned.next());
  await Promise.all(answers);
  for (const id of ['a', 'b', 'c']) t.is((await events.next()).message?.id, id);
  await node.publish('nodeState', { node: 'ap1' }, online);
  t.is((await own.next()).message?.session, 's1', 'the subscription is in place again');
  t.deepEqual([losses, returned.rest], [1, []]);
});

test('closing without a broker ends at once and rejects what waits', async (t) => {
  const broker = await startBroker({ users: usersWithPasswords(), listeners: { mqtt: { port: 0 } } }, makeSilentLog());
  const node = await connectAs(t, broker.urls.mqtt ?? '', 'ap1');
  const lost = new Promise<void>((resolve) => node.onLost(resolve));
  await broker.close();
  await lost;
  const waiting = node.publish('nodeState', { node: 'ap1' }, online);
  const rejection = t.throwsAsync(waiting, { code: 'broker-unreachable' });
  await node.close();
  await rejection;
  await t.throwsAsync(node.publish('nodeState', { node: 'ap1' }, online), { code: 'broker-unreachable' });
});
