import { stat } from 'node:fs/promises';
import test from 'ava';
import { connectToSite } from '../../../broker/connection.ts';
import { makeLog } from '../../../host/log.ts';
import { pathsOf } from '../../../provisioning/lab/directories.ts';
import { labRestart, labStop } from '../../../provisioning/lab/exec.ts';
import { brokerOf } from '../../../provisioning/lab/online.ts';
import { labAssociate } from '../../../provisioning/lab/roam.ts';
import { labStatus } from '../../../provisioning/lab/status.ts';
import { labUp } from '../../../provisioning/lab/up.ts';
import { labName } from './machine.ts';

for (const brokerKind of ['embedded', 'mosquitto'] as const) {
  test.serial(
    `a lab with agents and the broker ${brokerKind} tells who is associated, and a crashed agent shows`,
    async (t) => {
      const name = labName(t, brokerKind);
      const state = await labUp({ name, accessPoints: 1, nodes: 1, stations: 1, controller: true, brokerKind });
      const services = async () => {
        const { members } = await labStatus({ name });
        return Object.fromEntries(members.map((member) => [member.name, member.services]));
      };
      t.like(await services(), { ap1: { hostapd: true, dnsmasq: true, agent: true }, node1: { agent: true } });
      t.true((await stat(pathsOf(name).brokerSocket)).isSocket());

      // as a program on this machine does: through the socket, no network in between
      const connection = await connectToSite({ ...brokerOf(state, 'viewer'), clientId: 'test', log: makeLog('test') });
      t.teardown(() => connection.close());
      const seen = Promise.withResolvers<string>();
      await connection.subscribe('nodeClient', {}, ({ message }) => {
        if (message !== undefined) seen.resolve(`${message.mac} at ${message.node}`);
      });
      await labAssociate({ name, station: 'phone1', to: 'ap1' });
      t.is(await seen.promise, '02-77-00-01-00-01 at ap1');

      await labStop({ name, member: 'node1', service: 'agent' });
      t.like(await services(), { node1: { agent: false } });
      await labRestart({ name, member: 'node1' });
      t.like(await services(), { node1: { agent: true } });
    },
  );
}
