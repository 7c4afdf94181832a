import { startBroker } from '../../../broker/embedded/broker.ts';
import { site, usersWithPasswords } from './people.ts';
import { makeSilentLog } from './silentLog.ts';

// run as a process of its own, to be killed: a durable broker that prints its address
const broker = await startBroker(
  {
    site,
    users: usersWithPasswords(),
    listeners: { mqtt: { port: 0 } },
    persistenceDirectory: process.argv[2] ?? '',
    heartbeatMs: 100,
  },
  makeSilentLog(),
);
console.log(broker.urls.mqtt);
