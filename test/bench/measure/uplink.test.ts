import test from 'ava';
import { carriedBy, parseCarried } from '../../../bench/measure/uplink.ts';

const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    1104      20    0    0    0     0          0         0     1104      20    0    0    0     0       0          0
   up0:12056000      96    0    0    0     0          0         0     9275      64    0    0    0     0       0          0
`;

test('the counters of one interface, also where nothing is between its name and the first', (t) => {
  t.deepEqual(parseCarried(text, 'up0'), { receivedBytes: 12_056_000, sentBytes: 9275 });
  t.deepEqual(parseCarried(text, 'lo'), { receivedBytes: 1104, sentBytes: 1104 });
});

test('an interface that is not there is an error', (t) => {
  t.throws(() => parseCarried(text, 'up'), { code: 'command-failed' });
  t.throws(() => carriedBy(process.pid), { message: /no interface up0/ });
});
