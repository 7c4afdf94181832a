import { createHash } from 'node:crypto';
import test from 'ava';
import { moveToAndFro, techniques } from './support/moves.ts';
import { sharedByTests } from './support/shared.ts';
import { openSite } from './support/site.ts';
import { startClient } from './support/stationClient.ts';
import { assertUnbroken, ticking, ticksOf } from './support/ticking.ts';

const configuration = `user root;
worker_processes 2;
daemon off;
pid /run/nginx.pid;
error_log stderr;
events { worker_connections 64; }
http {
  log_format number '$arg_n';
  access_log /var/log/nginx/numbers.log number;
  keepalive_requests 1000000;
  keepalive_timeout 1h;
  sendfile on;
  server {
    listen 80;
    location /file { alias /srv/file; }
    location /status { stub_status; }
  }
}
`;

/** The processes of the container, as its node sees them: program and process title. */
const processTitles = 'ps -eo args | grep "^nginx: " | sort';

const web = sharedByTests(async (closing) => {
  const site = await openSite(closing, 'nginx');
  const file = Array.from({ length: 8000 }, (_, line) => `line ${line} of a static file\n`).join('');
  await site.image('ap1', '/srv/nginx', ['/usr/sbin/nginx'], {
    '/etc/nginx.conf': configuration,
    '/srv/file': file,
    '/var/log/nginx/README': 'the access log lies beside this\n',
    '/var/lib/nginx/README': 'for temporary files\n',
  });
  const command = ['/bin/sh', '-c', `${ticking} exec /usr/sbin/nginx -c /etc/nginx.conf`];
  const address = await site.run({ name: 'web', node: 'ap1', image: '/srv/nginx', command });
  // a connection that asks for nothing, since nginx's own counts are compared later
  const wait = `until ip netns exec tagalong-web ss -Hltn 'sport = :80' | grep -q LISTEN; do sleep 0.1; done`;
  await site.sh('ap1', wait);
  const digest = createHash('sha256').update(file).digest('hex');
  const client = await startClient(closing, site, 'nginxClient.ts', [address, '80', digest]);
  await client.hear();
  return { site, client, address, digest, titles: await site.sh('ap1', processTitles) };
});

for (const technique of techniques) {
  test.serial(`nginx moves ten times by ${technique} under a keep-alive client: no response is lost`, async (t) => {
    t.timeout(240_000);
    const { site, client, titles } = web();
    t.is(titles.trim().split('\n').length, 3, 'a master and two workers');
    let requests = 0;
    let ticks = 0;
    await moveToAndFro(t, site, 'web', technique, async (node) => {
      const report = await client.ask('report');
      t.log(`the longest wait for an answer was ${Math.round(Number(report['longestGapMs']))} ms`);
      t.is(report['problem'], undefined);
      t.true(Number(report['requests']) > requests, 'the client goes on');
      requests = Number(report['requests']);
      t.is(await site.sh(node, processTitles), titles);
      const log = ticksOf(await site.log('web'));
      assertUnbroken(t, log, 'the log');
      t.true((log.at(-1) ?? 0) > ticks, 'the log goes on');
      ticks = log.at(-1) ?? 0;
    });
  });
}

test.serial('after all moves each request to nginx was logged once, and its master starts new workers', async (t) => {
  t.timeout(120_000);
  const { site, client, address, digest } = web();
  const { node } = await site.describe('web');
  const end = await client.ask('finish');
  t.is(end['problem'], undefined);
  const upper = '/var/lib/tagalong/containers/web/state/upper';
  // nginx writes its log after it has answered
  const logged = await site.sh(
    node,
    `cd ${upper}/var/log/nginx
until [ "$(tail -n 1 numbers.log)" = ${end['requests']} ]; do sleep 0.05; done
cat numbers.log`,
  );
  const numbers = logged.trim().split('\n').map(Number);
  t.is(numbers[0], 1);
  assertUnbroken(t, numbers, 'the access log');
  t.is(numbers.length, Number(end['requests']));

  // the master is whole too: told to, it starts new workers with the configuration, and they answer
  await site.sh(node, 'runc kill web HUP');
  const worker = (text: string) => text.split('\n').filter((line) => line.includes('worker process'));
  await site.sh(node, `until [ "$(curl -s http://${address}/file | sha256sum | cut -c -64)" = ${digest} ]; do :; done`);
  t.true(worker(await site.sh(node, processTitles)).length >= 2);
});
