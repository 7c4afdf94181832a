import test from 'ava';
import type { DraftOf } from '../../broker/contract/topics.ts';
import { clientRows } from '../../cli/clients.ts';
import { startTestSite } from './support/site.ts';

const at = '2026-01-01T00:00:00Z';
const mac = '02-00-00-00-00-01';

test('ps, nodes and clients list what is retained', async (t) => {
  const site = await startTestSite(t);
  const container: DraftOf<'nodeContainer'> = {
    name: 'web',
    node: 'ap1',
    generation: 3,
    status: 'running',
    pinned: true,
    since: at,
    memoryBytes: 67_108_864,
    image: { kind: 'rootfs', path: '/srv' },
    mac: '02-00-00-00-00-99',
    follows: mac,
    address: '10.0.0.2',
  };
  await site.node.publish('nodeContainer', { node: 'ap1', name: 'web' }, container);
  const session = 's1';
  const association = { mac, node: 'ap1', session, interface: 'wlan0', since: at, hostName: 'phone' };
  await site.node.publish('nodeClient', { node: 'ap1', mac }, association);
  await site.node.publish('nodeState', { node: 'ap1' }, { status: 'online', session, at });

  const ps = await site.tagalong('ps');
  t.is(ps.exitCode, 0);
  t.regex(ps.output, /^NAME +NODE +STATUS .*\nweb +ap1 +running +10\.0\.0\.2 +02-00-00-00-00-01 +yes +3 +64 MiB .*\n$/);
  t.like(JSON.parse((await site.tagalong('ps', '--json')).output), { containers: [{ name: 'web', generation: 3 }] });
  t.regex((await site.tagalong('nodes')).output, /\nap1 +online .* 1 +1 /);
  t.regex((await site.tagalong('clients')).output, /\n02-00-00-00-00-01 +phone +ap1 /);

  t.notRegex(ps.output, /WARM/);
  const prepared = [{ node: 'ap2', at, baseBytes: 1024 }];
  await site.node.publish('nodeContainer', { node: 'ap1', name: 'web' }, { ...container, prepared });
  t.regex((await site.tagalong('ps')).output, /WARM AT +PINNED.*\n.* ap2 +yes /);
  await site.node.publish('nodeContainer', { node: 'ap1', name: 'web' }, undefined);
  t.deepEqual(JSON.parse((await site.tagalong('ps', '--json')).output), { containers: [] });
});

test('without a controller the newest association counts; with one its record does', (t) => {
  const seen = (node: string, since: string) => ({
    parameters: { node, mac },
    message: { mac, node, session: 's', interface: 'wlan0', since },
  });
  const both = [seen('ap2', '2026-01-01T00:00:09Z'), seen('ap1', '2026-01-01T00:00:05Z')];
  t.is(clientRows([], both)[0]?.node, 'ap2');
  const fused = { mac, node: 'ap1', since: at, containers: ['web'] };
  t.deepEqual(clientRows([{ parameters: { mac }, message: fused }], both), [fused]);
});
