import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import type { Rejected } from '../../broker/connection.ts';
import { rootOf, topicOf } from '../../broker/contract/address.ts';
import { start } from '../../host/command.ts';
import { migration, nodeContainer } from '../policies/documents.ts';
import { type BrokerKind, type BrokerUnderTest, brokerKinds } from './support/brokers.ts';
import { connectAs, hear } from './support/connecting.ts';
import { makeMailbox } from './support/mailbox.ts';
import { runClient } from './support/mosquitto.ts';
import { site } from './support/people.ts';

const at = '2026-01-02T03:04:05.000Z';
const online = { status: 'online', session: 's1', at } as const;

async function startFor(t: ExecutionContext, kind: BrokerKind): Promise<BrokerUnderTest> {
  const broker = await kind.start();
  t.teardown(() => broker.close());
  return broker;
}

function everywhere(title: string, exec: (t: ExecutionContext, broker: BrokerUnderTest, kind: BrokerKind) => unknown) {
  const macro = test.macro({
    exec: async (t, kind: BrokerKind) => {
      await exec(t, await startFor(t, kind), kind);
    },
    title: (_, kind: BrokerKind) => `${kind.name}: ${title}`,
  });
  for (const kind of brokerKinds) test(macro, kind);
}

everywhere('a late subscriber hears the retained document, until it is cleared', async (t, broker) => {
  const node = await connectAs(t, broker.url, 'ap1');
  await node.publish('nodeState', { node: 'ap1' }, online);
  const viewer = await connectAs(t, broker.url, 'eve');
  const states = await hear(viewer, 'nodeState');
  const { message, retained, parameters } = await states.next();
  t.deepEqual({ message, retained, parameters }, { message: online, retained: true, parameters: { node: 'ap1' } });
  await node.publish('nodeState', { node: 'ap1' }, undefined);
  t.is((await states.next()).message, undefined);
  const later = await hear(await connectAs(t, broker.url, 'alice'), 'nodeState');
  await node.publish('nodeState', { node: 'ap1' }, { ...online, session: 's2' });
  const first = await later.next();
  t.deepEqual([first.message?.session, first.retained], ['s2', false]);
});

everywhere('none of the messages of a sender is lost or overtakes another one', async (t, broker) => {
  const viewer = await connectAs(t, broker.url, 'eve');
  const heard = makeMailbox<string>();
  await viewer.subscribe('nodeMigration', {}, ({ parameters: { id }, message }) =>
    heard.put(`${id} ${message ? 'published' : 'cleared'}`),
  );
  await viewer.subscribe('nodeMigrationEvent', {}, ({ parameters: { id } }) => heard.put(`${id} told`));
  const node = await connectAs(t, broker.url, 'ap1');
  const expected: string[] = [];
  const actual: string[] = [];
  for (let number = 0; number < 30; number += 1) {
    const id = `m${number}`;
    const document = migration(id, 'web', 'ap1', 'ap2');
    // the sender does not wait in between
    void node.publish('nodeMigration', { node: 'ap1', id }, document);
    void node.publish('nodeMigration', { node: 'ap1', id }, undefined);
    void node.publish('nodeMigrationEvent', { node: 'ap1', id }, document);
    expected.push(`${id} published`, `${id} cleared`, `${id} told`);
  }
  while (actual.length < expected.length) actual.push(await heard.next());
  t.deepEqual(actual, expected);
});

everywhere('what changes while stored documents are being read is heard last', async (t, broker) => {
  const node = await connectAs(t, broker.url, 'ap1');
  const names = Array.from({ length: 200 }, (_, number) => `c${number}`);
  for (const name of names) await node.publish('nodeContainer', { node: 'ap1', name }, nodeContainer('ap1', name, 1));
  const viewer = await connectAs(t, broker.url, 'eve');
  const last = new Map<string, number | undefined>();
  const done = Promise.withResolvers<void>();
  const subscribing = viewer.subscribe('nodeContainer', {}, ({ parameters: { name }, message }) => {
    if (name === 'end') done.resolve();
    else last.set(name, message?.generation);
  });
  // from the last one on, so that changes and stored documents meet
  const changing = names.toReversed().map((name) => {
    const message = Number(name.slice(1)) % 2 ? undefined : nodeContainer('ap1', name, 2);
    return node.publish('nodeContainer', { node: 'ap1', name }, message);
  });
  await Promise.all([subscribing, ...changing]);
  // stored documents are sent after the answer to the subscription: another one comes after them
  const end = await connectAs(t, broker.url, 'ap2');
  await end.publish('nodeContainer', { node: 'ap2', name: 'end' }, nodeContainer('ap2', 'end', 1));
  await done.promise;
  t.deepEqual(
    [...last].filter(([name, generation]) => generation !== (Number(name.slice(1)) % 2 ? undefined : 2)),
    [],
  );
});

everywhere('a request reaches a node and its answer the one who asked', async (t, broker) => {
  const node = await connectAs(t, broker.url, 'ap1');
  await node.subscribe('requestMigrate', {}, ({ message }) => {
    void node.publish(
      'response',
      { verb: 'migrate', id: message?.id ?? 'none' },
      { id: message?.id ?? 'none', verb: 'migrate', status: 'accepted', node: 'ap1', at },
    );
  });
  const operator = await connectAs(t, broker.url, 'alice');
  const responses = await hear(operator, 'response', { verb: 'migrate', id: 'r1' });
  await operator.publish('requestMigrate', {}, { id: 'r1', container: 'web', to: 'ap2' });
  t.like((await responses.next()).message, { id: 'r1', status: 'accepted', node: 'ap1' });
});

everywhere('mosquitto_rr gets its answer', async (t, broker) => {
  const node = await connectAs(t, broker.url, 'ap1');
  await node.subscribe('requestPin', {}, () => {
    void node.publish(
      'response',
      { verb: 'pin', id: 'r2' },
      { id: 'r2', verb: 'pin', status: 'done', node: 'ap1', at },
    );
  });
  const answer = await runClient('mosquitto_rr', broker.url, 'alice', [
    ...['-V', 'mqttv311', '-q', '1', '-W', '20'],
    ...['-t', `${rootOf(site)}/request/pin`, '-e', `${rootOf(site)}/response/pin/r2`],
    ...['-m', '{"id":"r2","container":"web"}'],
  ]);
  t.like(JSON.parse(answer), { id: 'r2', status: 'done' });
});

everywhere('a node cannot speak for another one, and its connection lasts', async (t, broker, kind) => {
  const operator = await connectAs(t, broker.url, 'alice');
  const states = await hear(operator, 'nodeState');
  const audits = await hear(operator, 'audit');
  const node = await connectAs(t, broker.url, 'ap1');
  let losses = 0;
  node.onLost(() => {
    losses += 1;
  });
  await node.publish('nodeState', { node: 'ap2' }, online);
  await node.publish('nodeState', { node: 'ap1' }, online);
  const heard = await states.next();
  t.deepEqual([heard.parameters.node, states.rest, losses], ['ap1', [], 0]);
  if (kind.audits) {
    const { parameters, message } = await audits.next();
    t.is(parameters.user, 'ap1');
    t.like(message, { client: 'ap1', role: 'node', action: 'publish', topic: `${rootOf(site)}/node/ap2/state` });
    t.regex(message?.reason ?? '', /^not-permitted: /);
  }
});

everywhere('a viewer hears no requests', async (t, broker, kind) => {
  const viewer = await connectAs(t, broker.url, 'eve');
  const requests = makeMailbox<unknown>();
  const subscribing = viewer.subscribe('requestStop', {}, requests.put);
  if (kind.refusesAtOnce) await t.throwsAsync(subscribing, { code: 'not-permitted' });
  else await subscribing;
  const states = await hear(viewer, 'nodeState');
  const operator = await connectAs(t, broker.url, 'alice');
  const own = await hear(operator, 'requestStop');
  await operator.publish('requestStop', {}, { container: 'web' });
  await own.next();
  await (await connectAs(t, broker.url, 'ap1')).publish('nodeState', { node: 'ap1' }, online);
  await states.next();
  t.deepEqual(requests.rest, []);
  t.true(viewer.connected);
});

everywhere('the will of a killed process is published', async (t, broker) => {
  const states = await hear(await connectAs(t, broker.url, 'eve'), 'nodeState');
  const script = fileURLToPath(new URL('./support/holdConnection.ts', import.meta.url));
  const holder = start(process.execPath, [script, broker.url]);
  t.teardown(() => holder.stop());
  t.is((await states.next()).message?.status, 'online');
  process.kill(holder.pid ?? 0, 'SIGKILL');
  t.like((await states.next()).message, { status: 'offline', session: 'killed' });
});

everywhere('taking leave publishes no will', async (t, broker) => {
  const states = await hear(await connectAs(t, broker.url, 'eve'), 'nodeState');
  const topic = topicOf(site, 'nodeState', { node: 'ap1' });
  const will = { topic, payload: JSON.stringify({ ...online, status: 'offline' }) };
  const node = await connectAs(t, broker.url, 'ap1', { will });
  await node.publish('nodeState', { node: 'ap1' }, { ...online, session: 'last' });
  await node.close();
  await (await connectAs(t, broker.url, 'ap2')).publish('nodeState', { node: 'ap2' }, online);
  t.is((await states.next()).message?.session, 'last');
  t.is((await states.next()).parameters.node, 'ap2');
});

everywhere('a wrong password and a will for another node are refused', async (t, broker, kind) => {
  await t.throwsAsync(connectAs(t, broker.url, 'ap1', { password: 'wrong' }), { code: 'not-authorized' });
  const will = { topic: topicOf(site, 'nodeState', { node: 'ap2' }), payload: JSON.stringify(online) };
  if (kind.refusesAtOnce) await t.throwsAsync(connectAs(t, broker.url, 'ap1', { will }), { code: 'not-authorized' });
});

everywhere(
  'after a restart of the broker subscriptions are in place and the newest document counts',
  async (t, broker) => {
    const node = await connectAs(t, broker.url, 'ap1');
    const viewer = await connectAs(t, broker.url, 'eve');
    const infos = await hear(viewer, 'nodeState');
    const lost = Promise.all([node, viewer].map((each) => new Promise<void>((resolve) => each.onLost(resolve))));
    const back = Promise.all([node, viewer].map((each) => new Promise<void>((resolve) => each.onReconnected(resolve))));
    let early = 0;
    node.onReconnected(() => {
      early += 1;
    });
    t.is(early, 0, 'the first connection is no reconnection');
    const restarting = broker.restart();
    await lost;
    const waiting = ['old', 'older', 'newest'].map((session) =>
      node.publish('nodeState', { node: 'ap1' }, { ...online, session }),
    );
    await restarting;
    await back;
    await Promise.all(waiting);
    // the viewer may have come back after the node had published: then it hears it as a retained document
    t.is((await infos.next()).message?.session, 'newest');
    await node.publish('nodeState', { node: 'ap1' }, { ...online, session: 'after' });
    t.is((await infos.next()).message?.session, 'after');
  },
);

for (const kind of brokerKinds.filter(({ durable }) => durable)) {
  test(`${kind.name}: retained documents survive a restart`, async (t) => {
    const broker = await startFor(t, kind);
    const node = await connectAs(t, broker.url, 'ap1');
    await node.publish('nodeState', { node: 'ap1' }, online);
    await node.close();
    await broker.restart();
    const states = await hear(await connectAs(t, broker.url, 'eve'), 'nodeState');
    const { message, retained } = await states.next();
    t.deepEqual([message?.session, retained], ['s1', true]);
  });
}

everywhere('a malformed request reaches the node, which is told the field', async (t, broker) => {
  const node = await connectAs(t, broker.url, 'ap1');
  const rejections = makeMailbox<Rejected>();
  await node.subscribe('requestMigrate', {}, () => t.fail('it is not valid'), rejections.put);
  const send = (payload: string) =>
    runClient('mosquitto_pub', broker.url, 'alice', [
      '-q',
      '1',
      '-t',
      `${rootOf(site)}/request/migrate`,
      '-m',
      payload,
    ]);
  await send('{"id":"r3","container":"../web","to":"ap2"}');
  const wrongName = await rejections.next();
  t.is(wrongName.error.code, 'malformed-request');
  t.is(wrongName.error.details['field'], 'container');
  t.like(wrongName.raw, { id: 'r3' });
  await send('{not json');
  t.regex((await rejections.next()).error.message, /not JSON/);
});

everywhere('a request of 5 MB is dropped and the next one is obeyed', async (t, broker, kind) => {
  const audits = await hear(await connectAs(t, broker.url, 'controller'), 'audit');
  const node = await connectAs(t, broker.url, 'ap1');
  const requests = await hear(node, 'requestStop');
  const topic = `${rootOf(site)}/request/stop`;
  const big = JSON.stringify({ container: 'web', padding: 'x'.repeat(5_000_000) });
  // Mosquitto ends the connection of the sender, so how its client program ends says nothing
  const sending = runClient('mosquitto_pub', broker.url, 'alice', ['-q', '1', '-t', topic, '-s'], big);
  if (kind.audits) {
    await sending;
    const { message } = await audits.next();
    t.is(message?.bytes, big.length);
    t.regex(message?.reason ?? '', /^payload-too-large: /);
  } else await sending.catch(() => undefined);
  await runClient('mosquitto_pub', broker.url, 'alice', ['-q', '1', '-t', topic, '-m', '{"container":"next"}']);
  t.is((await requests.next()).message?.container, 'next');
});
