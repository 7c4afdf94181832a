import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test, { type ExecutionContext } from 'ava';
import { startBroker } from '../../../broker/embedded/broker.ts';
import type { BrokerConfigurationDraft } from '../../../broker/embedded/configuration.ts';
import { connectAs, hear } from '../support/connecting.ts';
import { passwordOf, usersWithPasswords } from '../support/people.ts';
import { connectPacket, packet, publishPacket, subscribePacket } from '../support/rawPackets.ts';
import { makeSilentLog } from '../support/silentLog.ts';

const at = '2026-01-02T03:04:05.000Z';
const online = { status: 'online', session: 's1', at } as const;

async function startFor(t: ExecutionContext, draft: BrokerConfigurationDraft = {}) {
  const broker = await startBroker({ users: usersWithPasswords(), listeners: {}, ...draft }, makeSilentLog());
  t.teardown(() => broker.close());
  return broker;
}

async function temporaryDirectory(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tagalong-broker-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Logs in by hand; resolves when the broker has answered. */
async function login(stream: Duplex, clientId: string, person: 'alice' | 'ap1'): Promise<void> {
  stream.write(connectPacket(clientId, person, passwordOf(person)));
  const [connack] = (await once(stream, 'data')) as [Buffer];
  if (connack[3] !== 0) throw new Error(`refused with ${connack[3]}`);
}

test('TCP, WebSocket, a Unix socket and a connection in memory all reach it', async (t) => {
  const path = join(await temporaryDirectory(t), 'broker.sock');
  const broker = await startFor(t, { listeners: { mqtt: { port: 0 }, ws: { port: 0 }, unix: { path } } });
  t.is(broker.urls.unix, `unix:${path}`);
  const watcher = await hear(await connectAs(t, '', 'eve', { openStream: broker.openStream }), 'nodeState');
  for (const url of Object.values(broker.urls)) {
    const node = await connectAs(t, url, 'ap1');
    await node.publish('nodeState', { node: 'ap1' }, { ...online, session: url });
    t.is((await watcher.next()).message?.session, url);
    await node.close();
  }
});

test('a socket file that a killed broker has left is replaced, one in use is not', async (t) => {
  const path = join(await temporaryDirectory(t), 'broker.sock');
  const dead = createServer().listen(path);
  await once(dead, 'listening');
  await t.throwsAsync(startFor(t, { listeners: { unix: { path } } }), { code: 'bad-configuration' });
  dead.close();
  const broker = await startFor(t, { listeners: { unix: { path } } });
  await connectAs(t, broker.urls.unix ?? '', 'alice');
  t.is((await stat(path)).mode & 0o777, 0o660);
});

test('a taken port and a wrong field are named', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  await t.throwsAsync(startFor(t, { listeners: { mqtt: { port } } }), { message: /listeners\.mqtt: .*EADDRINUSE/ });
  await t.throwsAsync(startFor(t, { listeners: { mqtt: { port: 70_000 } } }), { message: /listeners\.mqtt\.port/ });
  const both = [{ name: 'x', role: 'viewer', password: 'p', passwordHash: '$scrypt$x' }] as const;
  await t.throwsAsync(startFor(t, { users: [...both] }), { message: /users\.0\.passwordHash/ });
});

test('a second broker on the same store is refused', async (t) => {
  const persistenceDirectory = await temporaryDirectory(t);
  await startFor(t, { persistenceDirectory });
  await t.throwsAsync(startFor(t, { persistenceDirectory }), { message: /persistenceDirectory/ });
});

test('it closes while someone is connected who has not said who they are', async (t) => {
  const broker = await startBroker({ listeners: { mqtt: { port: 0 } } }, makeSilentLog());
  const { hostname, port } = new URL(broker.urls.mqtt ?? '');
  const socket = createConnection({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  const ended = once(socket, 'close');
  await broker.close();
  await ended;
  t.pass();
});

test('a document that does not fit its schema is acknowledged, audited, and reaches nobody', async (t) => {
  const broker = await startFor(t);
  const operator = await connectAs(t, '', 'alice', { openStream: broker.openStream });
  const states = await hear(operator, 'nodeState');
  const audits = await hear(operator, 'audit');
  const stream = broker.openStream();
  t.teardown(() => stream.destroy());
  await login(stream, 'ap1', 'ap1');
  stream.write(
    publishPacket('tagalong/v1/default/node/ap1/state', Buffer.from('{"status":"online"}'), { retain: true }),
  );
  const [puback] = (await once(stream, 'data')) as [Buffer];
  t.deepEqual([...puback], [0x40, 2, 0, 9]);
  t.regex((await audits.next()).message?.reason ?? '', /^malformed: session: /);
  t.deepEqual(states.rest, []);
});

test('a retained request is dropped to the audit topic', async (t) => {
  const broker = await startFor(t);
  const node = await connectAs(t, '', 'ap1', { openStream: broker.openStream });
  const requests = await hear(node, 'requestPin');
  const operator = await connectAs(t, '', 'alice', { openStream: broker.openStream });
  const audits = await hear(operator, 'audit');
  await operator.publish('requestPin', {}, { container: 'retained' }, { retain: true });
  t.regex((await audits.next()).message?.reason ?? '', /^retained-request: /);
  await operator.publish('requestPin', {}, { container: 'plain' });
  t.is((await requests.next()).message?.container, 'plain');
});

test('nobody pushes another user from the broker by taking its client id', async (t) => {
  const broker = await startFor(t);
  const { openStream } = broker;
  const node = await connectAs(t, '', 'ap1', { openStream });
  const viewer = await connectAs(t, '', 'eve', { openStream, clientId: 'screen' });
  for (const clientId of ['ap1', 'ap2', 'screen'])
    await t.throwsAsync(connectAs(t, '', 'alice', { openStream, clientId }), { code: 'not-authorized' }, clientId);
  t.deepEqual([node.connected, viewer.connected], [true, true]);
});

test('a subscriber that does not read is disconnected and holds nobody up', async (t) => {
  const broker = await startFor(t, { maximumQueuedBytes: 200_000 });
  const controller = await connectAs(t, '', 'controller', { openStream: broker.openStream });
  const audits = await hear(controller, 'audit');
  const other = await hear(await connectAs(t, '', 'eve', { openStream: broker.openStream }), 'nodeState');
  const frozen = broker.openStream();
  t.teardown(() => frozen.destroy());
  await login(frozen, 'frozen', 'alice');
  frozen.write(subscribePacket('tagalong/v1/default/node/#'));
  await once(frozen, 'data');
  frozen.pause();
  const ended = once(frozen, 'close');
  const node = await connectAs(t, '', 'ap1', { openStream: broker.openStream });
  for (let round = 0; round < 300; round += 1) {
    const reason = 'x'.repeat(2000);
    await node.publish('nodeState', { node: 'ap1' }, { ...online, session: String(round), reason });
    t.is((await other.next()).message?.session, String(round));
  }
  t.like((await audits.next()).message, { client: 'frozen', action: 'connect' });
  await ended;
});

test('a subscriber that reads nothing for the drain time is disconnected, however little waits', async (t) => {
  const broker = await startFor(t, { drainTimeoutMs: 50 });
  const controller = await connectAs(t, '', 'controller', { openStream: broker.openStream });
  const audits = await hear(controller, 'audit');
  const frozen = broker.openStream();
  t.teardown(() => frozen.destroy());
  await login(frozen, 'frozen', 'alice');
  frozen.write(subscribePacket('tagalong/v1/default/node/#'));
  await once(frozen, 'data');
  frozen.pause();
  const node = await connectAs(t, '', 'ap1', { openStream: broker.openStream });
  // a stream in memory takes some before it waits
  for (let round = 0; round < 100; round += 1)
    await node.publish('nodeState', { node: 'ap1' }, { ...online, reason: 'x'.repeat(2000) });
  const { message } = await audits.next();
  t.like(message, { client: 'frozen', action: 'connect' });
  t.regex(message?.reason ?? '', /nothing was read/);
});

test('an oversized packet that is not a message ends its connection, with an audit', async (t) => {
  const broker = await startFor(t);
  const audits = await hear(await connectAs(t, '', 'alice', { openStream: broker.openStream }), 'audit');
  const stream = broker.openStream();
  await login(stream, 'loud', 'alice');
  const ended = once(stream, 'close');
  stream.on('error', () => undefined);
  stream.write(packet(0x82, Buffer.alloc(300_000)));
  t.regex((await audits.next()).message?.reason ?? '', /larger than the limit/);
  await ended;
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The bytes of all buffers that something still refers to. */
function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

test.serial('a message of 200 MB passes through without being held in memory', async (t) => {
  const broker = await startFor(t, { listeners: { mqtt: { port: 0 } } });
  const audits = await hear(await connectAs(t, '', 'controller', { openStream: broker.openStream }), 'audit');
  const { hostname, port } = new URL(broker.urls.mqtt ?? '');
  const socket = createConnection({ host: hostname, port: Number(port) });
  t.teardown(() => socket.destroy());
  await login(socket, 'big', 'alice');
  const chunk = Buffer.alloc(1_000_000, 120);
  const chunks = 200;
  const topic = Buffer.from('tagalong/v1/default/request/pin');
  const bodyBytes = 2 + topic.length + 2 + chunk.length * chunks;
  const digits = [0, 1, 2, 3].map((index) => (Math.floor(bodyBytes / 128 ** index) % 128) | (index < 3 ? 0x80 : 0));
  socket.write(Buffer.from([0x32, ...digits, 0, topic.length, ...topic, 0, 9]));
  const puback = once(socket, 'data');
  const beforeBytes = heldBytes();
  let mostBytes = 0;
  for (let sent = 0; sent < chunks; sent += 1) {
    if (!socket.write(chunk)) await once(socket, 'drain');
    if (sent % 20 === 0) mostBytes = Math.max(mostBytes, heldBytes() - beforeBytes);
  }
  t.deepEqual([...((await puback) as [Buffer])[0]], [0x40, 2, 0, 9]);
  t.is((await audits.next()).message?.bytes, chunk.length * chunks);
  // buffers are freed a little after they are collected
  t.true(mostBytes < (chunk.length * chunks) / 2, `${mostBytes} bytes were held`);
});

test('a flood of what is not let through is acknowledged, and told in few words', async (t) => {
  const broker = await startFor(t);
  const { openStream } = broker;
  const viewer = await connectAs(t, '', 'alice', { openStream });
  const audits = await hear(viewer, 'audit');
  const states = await hear(viewer, 'nodeState');
  const node = await connectAs(t, '', 'ap1', { openStream });
  const flood = Array.from({ length: 500 }, () => node.publish('nodeState', { node: 'ap2' }, online));
  await Promise.all(flood);
  await node.publish('nodeState', { node: 'ap1' }, online);
  t.is((await states.next()).parameters.node, 'ap1');
  t.true(audits.rest.length >= 1 && audits.rest.length < 100, `${audits.rest.length} audits`);
});
