import test from 'ava';
import { leftoversAt } from '../migration/workloads/support/leftovers.ts';
import { openSite } from '../migration/workloads/support/site.ts';
import { assertUnbroken, ticksOf } from '../migration/workloads/support/ticking.ts';
import { ask, carry, refusalOf } from './support/asking.ts';
import { countAt, notesOf, startCountingRedis } from './support/redis.ts';

test('a container that is left running goes on; what it was comes back beside it and in its place', async (t) => {
  t.timeout(180_000);
  const site = await openSite(t, 'left');
  const { client, address } = await startCountingRedis(t, site, 'redis');
  const pid = await site.sh('ap1', 'runc state redis | jq .pid');
  const early = Number((await client.ask('report'))['increments']);

  const written = await ask(site, 'checkpoint', { container: 'redis', leaveRunning: true });
  const file = String(written['file']);
  t.regex(file, /^\/var\/lib\/tagalong\/checkpoints\/redis-\d{8}T\d{6}Z\.tar$/);
  t.log(`it stood still for ${written['downtimeMs']} ms, the archive has ${written['sizeBytes']} bytes`);
  t.true(Number(written['downtimeMs']) > 0);
  t.is(await site.sh('ap1', 'runc state redis | jq .pid'), pid);
  t.like(await site.describe('redis'), { node: 'ap1', status: 'running', generation: 1 });
  const late = await client.ask('report');
  t.is(late['problem'], undefined);
  t.deepEqual(await site.sh('ap1', 'ls -A /run/tagalong/checkpoints'), '');
  await site.sh('ap1', `runc exec redis /bin/sh -c 'echo later >/data/note; rm /work/note'`);

  // another node does not hold the image, and the archive does not carry it
  await carry(site, file, 'ap1', 'ap2');
  const elsewhere = await refusalOf(site, 'restore', { node: 'ap2', file, name: 'copy', address: '10.77.22.9' });
  t.is(elsewhere.code, 'archive-unusable');
  t.regex(elsewhere.message, /does not carry the image of \/srv\/redis/);

  // beside it: it must not be taken for it
  t.is((await refusalOf(site, 'restore', { node: 'ap1', file })).code, 'container-exists');
  t.is((await refusalOf(site, 'restore', { node: 'ap1', file, name: 'copy' })).code, 'address-in-use');
  const other = '10.77.21.77';
  const copy = { node: 'ap1', file, name: 'copy', address: other };
  t.like(await ask(site, 'restore', copy), { container: 'copy', address: other, connectionsKept: false });
  const original = await site.describe('redis');
  t.not((await site.describe('copy')).mac, original.mac);
  const counted = await countAt(site, 'ap1', other);
  t.true(counted >= early && counted <= Number(late['increments']), `${early} <= ${counted}`);
  t.is(await notesOf(site, 'ap1', 'copy'), 'on the volume\nin the root');
  assertUnbroken(t, ticksOf(await site.log('copy')), 'the log of the copy');
  t.is((await client.ask('report'))['problem'], undefined);
  t.like(await site.migrate('copy', 'ap2'), { phase: 'completed' });
  t.is(await countAt(site, 'ap2', other), counted);
  await ask(site, 'stop', { container: 'copy', timeoutMs: 0 });

  // in its place: connections of then are closed, new ones find the state of then
  await ask(site, 'stop', { container: 'redis', timeoutMs: 0 });
  t.deepEqual(await leftoversAt(site, 'ap1', 'redis'), []);
  t.like(await ask(site, 'restore', { node: 'ap1', file }), { generation: 2, connectionsKept: false, address });
  t.is(await countAt(site, 'ap1', address), counted);
  t.is(Number(await site.sh('ap1', `redis-cli -h ${address} incr counter`)), counted + 1);
  t.is(await notesOf(site, 'ap1', 'redis'), 'on the volume\nin the root');
  // what the client sends over its old connection is refused at once, instead of being taken for something else
  await site.sh('phone1', `while ss -Htn state established dst ${address} | grep -q .; do sleep 0.1; done`);
});
