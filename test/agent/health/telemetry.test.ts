import { PassThrough } from 'node:stream';
import test from 'ava';
import { startTelemetry } from '../../../agent/health/telemetry.ts';
import { connectToSite } from '../../../broker/connection.ts';
import type { MessageOf } from '../../../broker/contract/topics.ts';
import { startBroker } from '../../../broker/embedded/broker.ts';
import { makeLog } from '../../../host/log.ts';

const log = makeLog('test', 'silent');

test('tells at intervals how the node is', async (t) => {
  const users = [
    { name: 'ap1', role: 'node' as const, password: 'n' },
    { name: 'viewer', role: 'viewer' as const, password: 'v' },
  ];
  const broker = await startBroker({ listeners: { mqtt: { port: 0 } }, users }, log);
  t.teardown(() => broker.close());
  const connect = async (username: string, password: string) => {
    const url = broker.urls.mqtt ?? '';
    const connection = await connectToSite({ url, site: 'default', clientId: username, username, password, log });
    t.teardown(() => connection.close());
    return connection;
  };
  const heard = new PassThrough({ objectMode: true });
  const viewer = await connect('viewer', 'v');
  await viewer.subscribe('nodeTelemetry', {}, ({ message }) => void heard.write(message));
  const telemetry = startTelemetry({
    session: 's1',
    everyMs: 50,
    connection: await connect('ap1', 'n'),
    node: 'ap1',
    dataDirectory: '/',
    containers: () => 3,
    links: () => ({ ap2: { rttMs: 1.5 } }),
    stations: () => [{ mac: '02-00-00-00-00-01', signalDbm: -40 }],
    log,
  });
  t.teardown(() => telemetry.stop());
  let sequence = 0;
  for await (const message of heard as AsyncIterable<MessageOf<'nodeTelemetry'>>) {
    t.like(message, { session: 's1', sequence, containers: 3, links: { ap2: { rttMs: 1.5 } } });
    t.deepEqual(message.stations, [{ mac: '02-00-00-00-00-01', signalDbm: -40 }]);
    t.true(message.memoryAvailableBytes > 0 && message.memoryAvailableBytes <= message.memoryBytes);
    t.true(message.diskAvailableBytes > 0 && message.diskAvailableBytes <= message.diskBytes);
    sequence += 1;
    if (sequence === 3) break;
  }
});
