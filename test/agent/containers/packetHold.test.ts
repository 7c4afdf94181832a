import test from 'ava';
import {
  endHoldCommands,
  holdMethods,
  holdPortCommands,
  releasePortCommands,
} from '../../../agent/containers/packetHold.ts';

const place = { port: 'tg0' };
const spec = { mac: '02-74-aa-bb-cc-dd' };

test('each method adds one queueing discipline, changes that very one, and takes it away', (t) => {
  for (const method of holdMethods) {
    const hold = holdPortCommands(method, place, spec);
    const release = releasePortCommands(method, place, spec);
    t.true(hold.tc[0]?.startsWith(`qdisc add dev tg0 root ${method} `));
    t.true(release.tc[0]?.startsWith(`qdisc change dev tg0 root ${method} `));
    t.deepEqual(endHoldCommands(method, place).tc, ['qdisc del dev tg0 root']);
  }
});

test('a token bucket is emptied and woken by a packet of no meaning, from an address that goes away again', (t) => {
  const packet = 'link set tg0 address fe:74:aa:bb:cc:dd';
  t.deepEqual(holdPortCommands('tbf', place, spec).ip, ['addr add 192.0.0.8/32 dev tg0 scope host', packet]);
  t.deepEqual(releasePortCommands('tbf', place, spec).ip, [packet]);
  t.deepEqual(endHoldCommands('tbf', place).ip, ['addr del 192.0.0.8/32 dev tg0']);
});
