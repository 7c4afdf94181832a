import test from 'ava';
import { shapingCommands } from '../../../provisioning/lab/shape.ts';

test('nothing given, nothing limited', (t) => {
  t.deepEqual(shapingCommands('up0', {}), []);
});

test('a rate is a token bucket with a queue of a tenth of a second', (t) => {
  const commands = shapingCommands('up0', { rateMbps: 100 });
  t.is(commands.length, 3);
  t.regex(commands[1] ?? '', /htb rate 100000kbit burst 125000 /);
  t.regex(commands[2] ?? '', /bfifo limit 1250000$/);
});

test('delay and loss are at the root where there is no rate, else below it', (t) => {
  t.deepEqual(shapingCommands('up0', { delayMs: 5, lossPercent: 0.5 }), [
    'qdisc add dev up0 root handle 10: netem delay 5ms loss 0.5%',
  ]);
  t.regex(shapingCommands('up0', { rateMbps: 1, lossPercent: 1 })[2] ?? '', /parent 1:1 handle 10: netem loss 1%$/);
});
