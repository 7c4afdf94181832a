import type { ExecutionContext } from 'ava';
import type { TestSite } from '../../migration/workloads/support/site.ts';
import { type StationClient, startClient } from '../../migration/workloads/support/stationClient.ts';
import { ticking } from '../../migration/workloads/support/ticking.ts';

/** A Redis whose state is in memory alone, with a volume and a file of its own beside it, and a client that counts. */
export interface CountingRedis {
  address: string;
  /** Its `problem` stays undefined as long as each INCR over the one connection has the number that it must have. */
  client: StationClient;
}

const configuration = 'bind 0.0.0.0\nprotected-mode no\nport 6379\nsave ""\n';
const keys = 500;

export async function startCountingRedis(t: ExecutionContext, site: TestSite, name: string): Promise<CountingRedis> {
  await site.image('ap1', '/srv/redis', ['/usr/bin/redis-server'], { '/etc/redis.conf': configuration });
  const command = ['/bin/sh', '-c', `${ticking} exec /usr/bin/redis-server /etc/redis.conf`];
  const volumes = [{ name: 'data', target: '/data' }];
  const address = await site.run({ name, node: 'ap1', image: '/srv/redis', command, volumes });
  await site.sh('ap1', `until redis-cli -h ${address} ping | grep -q PONG; do sleep 0.1; done`);
  await site.sh('ap1', `runc exec ${name} /bin/sh -c 'echo on the volume >/data/note; echo in the root >/work/note'`);
  const client = await startClient(t, site, 'redisClient.ts', [address, '6379', String(keys)]);
  t.deepEqual(await client.hear(), { event: 'loaded', keys });
  return { address, client };
}

/** What a container's files say. */
export async function notesOf(site: TestSite, node: string, name: string): Promise<string> {
  return await site.sh(node, `runc exec ${name} /bin/cat /data/note /work/note`);
}

/** The number that Redis has counted to, asked over a connection of its own. */
export async function countAt(site: TestSite, node: string, address: string): Promise<number> {
  return Number(await site.sh(node, `redis-cli -h ${address} get counter`));
}
