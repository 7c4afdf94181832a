import { appendFile, writeFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import type { AssociationTiming } from '../../../agent/association/associations.ts';
import { hostapdRoom } from './hostapdRoom.ts';
import { siteWith } from './room.ts';

const [one, two] = ['02:00:00:00:00:01', '02:00:00:00:00:02'] as const;
const [topicOne, topicTwo] = ['02-00-00-00-00-01', '02-00-00-00-00-02'] as const;

async function accessPoint(t: ExecutionContext, interfaces: readonly string[] = ['wl0']) {
  const room = await hostapdRoom(t, interfaces);
  await room.startHostapd();
  const site = await siteWith(t, room);
  return {
    room,
    site,
    watch: site.watch,
    begin: (session = 's1', timing: Partial<AssociationTiming> = {}) => site.start(session, interfaces, timing),
  };
}

test('tells of stations on two interfaces as they come and go', async (t) => {
  const { room, watch, begin } = await accessPoint(t, ['wl0', 'wl1']);
  const { associations } = await begin();
  t.deepEqual(associations.radios(), [
    { interface: 'wl0', ssid: 'room-0', channel: 1 },
    { interface: 'wl1', ssid: 'room-1', channel: 6 },
  ]);
  await room.control('wl0', 'new_sta', one);
  await watch.until(() => watch.events.length === 1);
  await room.control('wl1', 'new_sta', two);
  await watch.until(() => watch.events.length === 2);
  t.like(watch.documents.get(topicOne), { node: 'ap1', session: 's1', interface: 'wl0', ssid: 'room-0' });
  t.like(watch.documents.get(topicTwo), { interface: 'wl1', ssid: 'room-1' });
  t.deepEqual(
    associations.stations().map(({ mac }) => mac),
    [topicOne, topicTwo],
  );
  await room.control('wl0', 'disassociate', one);
  await watch.until(() => watch.events.length === 3 && !watch.documents.has(topicOne));
  t.deepEqual(
    watch.events.map(({ event, mac, sequence, interface: name }) => [sequence, event, mac, name]),
    [
      [0, 'associated', topicOne, 'wl0'],
      [1, 'associated', topicTwo, 'wl1'],
      [2, 'disassociated', topicOne, 'wl0'],
    ],
  );
  t.is(watch.documents.get(topicTwo)?.since, watch.events[1]?.at);
});

test('a disconnect and a connect in quick succession are one association anew', async (t) => {
  const { room, watch, begin } = await accessPoint(t);
  await begin('s1', { debounceMs: 1500 });
  await room.control('wl0', 'new_sta', one);
  await watch.until(() => watch.events.length === 1);
  const since = watch.documents.get(topicOne)?.since ?? '';
  await room.leaveAndReturn('wl0', one);
  await watch.until(() => watch.events.length === 2);
  await room.control('wl0', 'new_sta', two); // whatever was pending for the first is told before this one has gone
  await room.control('wl0', 'disassociate', two);
  await watch.until(() => watch.events.length === 4);
  t.deepEqual(
    watch.events.map(({ event, mac }) => [event, mac]),
    [
      ['associated', topicOne],
      ['associated', topicOne],
      ['associated', topicTwo],
      ['disassociated', topicTwo],
    ],
  );
  t.true((watch.documents.get(topicOne)?.since ?? '') > since);
  t.false(watch.story.includes(`clear ${topicOne}`));
});

test('finds who was there before, and a restart of the agent is no new association', async (t) => {
  const { room, watch, begin } = await accessPoint(t);
  await room.control('wl0', 'new_sta', one);
  await room.control('wl0', 'new_sta', two);
  const first = await begin('s1');
  await watch.until(() => watch.documents.size === 2);
  const since = watch.documents.get(topicOne)?.since;
  await first.end();
  t.is(watch.documents.size, 2, 'the end of the agent is not the end of an association');
  t.deepEqual(await room.listeners(), [], 'no program stays behind');

  await room.control('wl0', 'disassociate', two);
  const { associations } = await begin('s2');
  await watch.until(() => watch.documents.get(topicOne)?.session === 's2' && !watch.documents.has(topicTwo));
  t.is(watch.documents.get(topicOne)?.since, since);
  t.deepEqual(associations.stations(), [{ mac: topicOne }]);
  t.deepEqual(watch.events, []);
});

for (const how of ['SIGTERM', 'SIGKILL'] as const) {
  test(`outlives a hostapd that ends by ${how}, and corrects itself`, async (t) => {
    const { room, watch, begin } = await accessPoint(t);
    await begin('s1', { graceMs: 6000 });
    await room.control('wl0', 'new_sta', one);
    await room.control('wl0', 'new_sta', two);
    await watch.until(() => watch.events.length === 2);
    await room.stopHostapd(how);
    await room.startHostapd();
    await room.control('wl0', 'new_sta', one);
    await watch.until(() => watch.events.some(({ event }) => event === 'disassociated'));
    t.is(watch.events.at(-1)?.mac, topicTwo);
    t.deepEqual([...watch.documents.keys()], [topicOne]);
    await room.control('wl0', 'disassociate', one);
    await watch.until(() => watch.documents.size === 0);
    t.false(watch.story.indexOf(`clear ${topicOne}`) < watch.story.indexOf(`clear ${topicTwo}`));
  });
}

test('outlives the end of its hostapd_cli', async (t) => {
  const { room, watch, begin } = await accessPoint(t);
  await begin('s1', { pollMs: 600_000 });
  const [listener, ...others] = await room.listeners();
  t.deepEqual(others, []);
  if (listener === undefined) return t.fail('nobody listens');
  process.kill(listener, 'SIGKILL'); // as a lack of memory would
  await room.control('wl0', 'new_sta', one);
  await watch.until(() => watch.events.length === 1);
  t.like(watch.events[0], { event: 'associated', mac: topicOne });
});

test('starts before hostapd does', async (t) => {
  const room = await hostapdRoom(t, ['wl0']);
  const { watch, start } = await siteWith(t, room);
  const { associations } = await start('s1', ['wl0']);
  t.deepEqual(associations.radios(), [{ interface: 'wl0' }]);
  await room.startHostapd();
  await room.control('wl0', 'new_sta', one);
  await watch.until(() => watch.documents.get(topicOne)?.ssid !== undefined);
  t.is(watch.documents.get(topicOne)?.ssid, 'room-0');
});

test("address and host name come from dnsmasq's leases, also when they come late", async (t) => {
  const { room, watch, begin } = await accessPoint(t);
  await writeFile(room.leaseFile, `0 ${one} 10.77.0.51 phone *\n`);
  await begin('s1', { pollMs: 600_000 });
  await room.control('wl0', 'new_sta', one);
  await room.control('wl0', 'new_sta', two);
  await watch.until(() => watch.events.length === 2);
  t.like(watch.documents.get(topicOne), { address: '10.77.0.51', hostName: 'phone' });
  t.is(watch.documents.get(topicTwo)?.address, undefined);
  await appendFile(room.leaseFile, `1795310498 ${two} 10.77.0.52 * 01:${two}\n`);
  await watch.until(() => watch.documents.get(topicTwo)?.address !== undefined);
  t.is(watch.documents.get(topicTwo)?.address, '10.77.0.52');
  t.is(watch.events.length, 2);
});

test('removes the entry of a station that is elsewhere, but not that of one that came back', async (t) => {
  const { room, site, watch, begin } = await accessPoint(t);
  await begin();
  for (const mac of [one, two]) await room.control('wl0', 'new_sta', mac);
  await watch.until(() => watch.events.length === 2);
  const elsewhere = { node: 'ap2', containers: [] };
  await site.fuse({ mac: topicTwo, ...elsewhere, since: new Date(Date.now() - 60_000).toISOString() });
  await site.fuse({ mac: topicOne, ...elsewhere, since: new Date().toISOString() });
  await watch.until(() => watch.events.length === 3);
  t.like(watch.events[2], { event: 'disassociated', mac: topicOne });
  t.false((await room.control('wl0', 'sta', one)).includes('AUTHORIZED'));
  t.true((await room.control('wl0', 'sta', two)).includes('AUTHORIZED'));
  t.deepEqual([...watch.documents.keys()], [topicTwo]);

  // it comes back, and the clock of the other access point is ahead: the same record must not throw it out again
  const ahead = new Date(Date.now() + 60_000).toISOString();
  await site.fuse({ mac: topicTwo, ...elsewhere, since: ahead });
  await watch.until(() => watch.events.length === 4);
  await room.leaveAndReturn('wl0', two);
  await watch.until(() => watch.events.length === 5);
  await site.fuse({ mac: topicTwo, ...elsewhere, since: ahead });
  await room.control('wl0', 'new_sta', one);
  await watch.until(() => watch.events.length === 6);
  await site.fuse({ mac: topicOne, ...elsewhere, since: new Date(Date.now() + 1).toISOString() });
  await watch.until(() => watch.events.length === 7);
  t.like(watch.events[6], { event: 'disassociated', mac: topicOne });
  t.true(watch.documents.has(topicTwo));
});

test('forgets a station when told, and publishes all anew when told', async (t) => {
  const { room, watch, begin } = await accessPoint(t);
  const { associations } = await begin();
  for (const mac of [one, two]) await room.control('wl0', 'new_sta', mac);
  await watch.until(() => watch.events.length === 2);
  await associations.forget(one);
  await watch.until(() => watch.events.length === 3);
  t.like(watch.events[2], { event: 'disassociated', mac: topicOne });
  const before = watch.story.length;
  await associations.republish();
  await watch.until(() => watch.story.length > before);
  t.deepEqual(watch.story.slice(before), [`document ${topicTwo}`]);
});

test('ends while the broker is away, whatever waits for it', async (t) => {
  const { room, site, watch, begin } = await accessPoint(t);
  const { associations } = await begin();
  await room.control('wl0', 'new_sta', one);
  await watch.until(() => watch.documents.has(topicOne));
  await site.endBroker();
  void associations.republish();
  await associations.stop();
  t.is(associations.stations().length, 1);
});
