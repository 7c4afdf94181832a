import test from 'ava';
import { leftoversAt } from '../migration/workloads/support/leftovers.ts';
import { openSite } from '../migration/workloads/support/site.ts';
import { assertUnbroken, ticksOf } from '../migration/workloads/support/ticking.ts';
import { ask, carry, refusalOf } from './support/asking.ts';
import { notesOf, startCountingRedis } from './support/redis.ts';

const file = '/var/lib/tagalong/checkpoints/redis.tar';

for (const cgroup of ['v1', 'v2'] as const) {
  test.serial(
    `with control groups ${cgroup} an archive is carried to another node: memory, files, log and the open connection go on there`,
    async (t) => {
      t.timeout(180_000);
      const site = await openSite(t, `carry${cgroup}`, { cgroup });
      const { client, address } = await startCountingRedis(t, site, 'redis');
      await site.sh('ap1', 'mkdir /var/lib/tagalong/checkpoints');
      const before = await client.ask('report');

      const written = await ask(site, 'checkpoint', { container: 'redis', withImage: true, file });
      t.like(written, { container: 'redis', file, generation: 1, leaveRunning: false });
      t.deepEqual(await leftoversAt(site, 'ap1', 'redis'), []);
      t.is((await refusalOf(site, 'describe', { container: 'redis' })).code, 'unknown-container');
      t.is((await site.sh('ap1', `stat -c '%a %s' ${file}`)).trim(), `600 ${written['sizeBytes']}`);
      const members = (await site.sh('ap1', `tar --list --file ${file}`)).split('\n');
      for (const name of ['image.tar', 'state.tar', 'checkpoint/inventory.img', 'metadata.json'])
        t.true(members.includes(name), name);
      await site.sh('ap1', `mkdir /tmp/out && cd /tmp/out && tar -xf ${file} && sha256sum -c metadata.json.sha256`);

      await carry(site, file, 'ap1', 'ap2');
      const expected = await ask(site, 'restore', { node: 'ap2', file, dryRun: true });
      t.like(expected, { container: 'redis', address, connectionsKept: true });
      t.deepEqual(await leftoversAt(site, 'ap2', 'redis'), []);
      t.like(await ask(site, 'restore', { node: 'ap2', file }), { ...expected, generation: 2 });

      t.like(await site.describe('redis'), { node: 'ap2', status: 'running', generation: 2, address });
      const after = await client.ask('report');
      t.is(after['problem'], undefined);
      t.true(Number(after['increments']) > Number(before['increments']), 'the client goes on, over its old connection');
      t.is(await notesOf(site, 'ap2', 'redis'), 'on the volume\nin the root');
      const ticks = ticksOf(await site.log('redis'));
      t.is(ticks[0], 1);
      assertUnbroken(t, ticks, 'the log');

      const again = await refusalOf(site, 'restore', { node: 'ap1', file });
      t.is(again.code, 'container-exists');
      t.like(await site.migrate('redis', 'ap1'), { phase: 'completed', generation: 3 });
      t.is((await client.ask('report'))['problem'], undefined);
      t.deepEqual(await leftoversAt(site, 'ap2', 'redis'), []);
    },
  );
}
