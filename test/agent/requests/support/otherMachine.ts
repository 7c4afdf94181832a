import { setTimeout as delay } from 'node:timers/promises';
import { startDataPlane } from '../../../../agent/channel/server.ts';
import { agentConfigurationSchema } from '../../../../agent/configuration.ts';
import type { OfferAnswer } from '../../../../agent/migration/facts.ts';
import { connectToSite } from '../../../../broker/connection.ts';
import type { MessageOf } from '../../../../broker/contract/topics.ts';
import { readConfiguration } from '../../../../cli/daemon/configurationFile.ts';
import { makeLog } from '../../../../host/log.ts';

// Run inside a member in the place of its agent: what a machine of another architecture says of itself, over the real
// broker and the real data plane, with the credentials of that node. There is no such machine in the lab.
const [architecture = ''] = process.argv.slice(2);
const configuration = await readConfiguration('/etc/tagalong/agent.yaml', agentConfigurationSchema);
const { site, node, broker, dataPlane } = configuration;
const log = makeLog('other-machine', 'error');
const connection = await connectToSite({
  ...{ url: broker.url, site, clientId: node, log },
  ...(broker.username === undefined ? {} : { username: broker.username }),
  ...(broker.password === undefined ? {} : { password: broker.password }),
});
const before = Promise.withResolvers<MessageOf<'nodeInfo'>>();
await connection.subscribe('nodeInfo', { node }, ({ message }) => {
  if (message !== undefined) before.resolve(message);
});
const info = await before.promise;
const answer: OfferAnswer = {
  facts: {
    node,
    architecture,
    pageSizeBytes: info.pageSizeBytes,
    cpuFeatures: ['fp', 'asimd'],
    cgroup: info.cgroup,
    criuVersion: '4.2.1',
    memoryAvailableBytes: info.memoryBytes,
    diskAvailableBytes: info.memoryBytes,
    draining: false,
    containers: 0,
    maxContainers: info.maxContainers,
  },
  lacksImage: true,
  hasContainer: false,
  missingBinds: [],
};
await startDataPlane({
  ...dataPlane,
  routes: [{ method: 'POST', pattern: '/v1/offers', handle: async () => answer }],
  log,
});
const [session, at] = ['other-machine', new Date().toISOString()];
await connection.publish('nodeInfo', { node }, { ...info, architecture, session, at });
await connection.publish('nodeState', { node }, { status: 'online', session, at });
process.stdout.write('online\n');
for (;;) await delay(60_000);
