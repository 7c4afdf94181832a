import test from 'ava';
import { makePublishing } from '../../agent/publishing.ts';
import type { SiteConnection } from '../../broker/connection.ts';
import { brokerKinds } from '../broker/support/brokers.ts';
import { connectAs } from '../broker/support/connecting.ts';
import { makeSilentLog } from '../broker/support/silentLog.ts';
import { migration, nodeContainer } from '../policies/documents.ts';

test('while the broker is away all is handed to the connection, which keeps the newest document alone', async (t) => {
  const broker = await brokerKinds[0]?.start();
  if (broker === undefined) return t.fail('there is a broker');
  t.teardown(() => broker.close());
  const connection = await connectAs(t, broker.url, 'ap1');
  const handedOver: string[] = [];
  const noting: SiteConnection = {
    ...connection,
    publish(name, ...rest) {
      handedOver.push(name);
      return connection.publish(name, ...rest);
    },
  };
  const publishing = makePublishing(noting, 'ap1', makeSilentLog());
  const lost = new Promise<void>((resolve) => connection.onLost(resolve));
  const restarting = broker.restart();
  await lost;
  for (const generation of [1, 2, 3]) publishing.container('web', nodeContainer('ap1', 'web', generation));
  publishing.migration(migration('m1', 'web', 'ap1', 'ap2'), true);
  t.deepEqual(handedOver, ['nodeContainer', 'nodeContainer', 'nodeContainer', 'nodeMigrationEvent', 'nodeMigration']);
  await restarting;
  await publishing.settled();
  const heard = Promise.withResolvers<number | undefined>();
  await connection.subscribe('nodeContainer', { node: 'ap1' }, ({ message }) => heard.resolve(message?.generation));
  t.is(await heard.promise, 3);
});
