import { connectToSite } from '../../../broker/connection.ts';
import { topicOf } from '../../../broker/contract/address.ts';
import { passwordOf, site } from './people.ts';
import { makeSilentLog } from './silentLog.ts';

// run as a process of its own, to be killed: connects as ap1 with a will, says so, and stays
const connection = await connectToSite({
  url: process.argv[2] ?? '',
  site,
  clientId: 'ap1',
  username: 'ap1',
  password: passwordOf('ap1'),
  will: {
    topic: topicOf(site, 'nodeState', { node: 'ap1' }),
    payload: JSON.stringify({ status: 'offline', session: 'killed', at: new Date().toISOString() }),
  },
  log: makeSilentLog(),
});
await connection.publish(
  'nodeState',
  { node: 'ap1' },
  { status: 'online', session: 'killed', at: new Date().toISOString() },
);
console.log('connected');
