import test from 'ava';
import { moveToAndFro, techniques } from './support/moves.ts';
import { sharedByTests } from './support/shared.ts';
import { openSite } from './support/site.ts';
import { startClient } from './support/stationClient.ts';
import { assertUnbroken, ticking, ticksOf } from './support/ticking.ts';

const keys = 50_000;

const configuration = `bind 0.0.0.0
protected-mode no
port 6379
dir /var/lib/redis
appendonly yes
appendfsync everysec
save ""
`;

const redis = sharedByTests(async (closing) => {
  const site = await openSite(closing, 'redis');
  await site.image('ap1', '/srv/redis', ['/usr/bin/redis-server'], {
    '/etc/redis.conf': configuration,
    '/var/lib/redis/README': 'the append-only file lies beside this\n',
  });
  const command = ['/bin/sh', '-c', `${ticking} exec /usr/bin/redis-server /etc/redis.conf`];
  const address = await site.run({ name: 'redis', node: 'ap1', image: '/srv/redis', command });
  await site.sh('ap1', `until redis-cli -h ${address} ping | grep -q PONG; do sleep 0.1; done`);
  const client = await startClient(closing, site, 'redisClient.ts', [address, '6379', String(keys)]);
  const loaded = await client.hear();
  return { site, client, loaded, address };
});

for (const technique of techniques) {
  test.serial(`redis-server moves ten times by ${technique} under INCR all the time: no answer is lost`, async (t) => {
    t.timeout(240_000);
    const { site, client, loaded } = redis();
    t.deepEqual(loaded, { event: 'loaded', keys });
    let increments = 0;
    let ticks = 0;
    await moveToAndFro(t, site, 'redis', technique, async () => {
      const report = await client.ask('report');
      t.log(`the longest wait for an answer was ${Math.round(Number(report['longestGapMs']))} ms`);
      t.is(report['problem'], undefined);
      t.true(Number(report['increments']) > increments, 'the client goes on');
      increments = Number(report['increments']);
      const log = ticksOf(await site.log('redis'));
      assertUnbroken(t, log, 'the log');
      t.true((log.at(-1) ?? 0) > ticks, 'the log goes on');
      ticks = log.at(-1) ?? 0;
    });
  });
}

test.serial(
  'after all moves every key of redis-server is there, in memory and in what it wrote on the way',
  async (t) => {
    t.timeout(120_000);
    const { site, client, address } = redis();
    const end = await client.ask('finish');
    t.like(end, { right: keys, size: `:${keys + 1}`, problem: undefined });

    // a second server, from the very files, must know as much
    const { node } = await site.describe('redis');
    const files = '/var/lib/tagalong/containers/redis/state/upper/var/lib/redis/appendonlydir';
    await site.sh(
      node,
      `until redis-cli -h ${address} info persistence | grep -q 'aof_pending_bio_fsync:0'; do :; done`,
    );
    const second = `rm -rf /tmp/again && mkdir /tmp/again && cp -r ${files} /tmp/again/ && cd /tmp/again
redis-check-aof appendonlydir/appendonly.aof.manifest | tail -n 1
redis-server --port 6390 --bind 127.0.0.1 --dir /tmp/again --appendonly yes --save '' --daemonize yes >/dev/null
until redis-cli -p 6390 dbsize 2>/dev/null | grep -q '^[0-9]'; do sleep 0.1; done
redis-cli -p 6390 dbsize; redis-cli -p 6390 get counter
redis-cli -p 6390 get key:49999; redis-cli -p 6390 shutdown nosave; rm -rf /tmp/again`;
    const [verdict, size, counter] = (await site.sh(node, second)).split('\n');
    t.regex(verdict ?? '', /valid/i);
    t.is(Number(size), keys + 1);
    t.is(Number(counter), Number(end['increments']));
  },
);
