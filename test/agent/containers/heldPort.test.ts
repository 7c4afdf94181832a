import test from 'ava';
import { twoBridges } from './support/twoBridges.ts';

/** A counter of the kernel's TCP, e.g. resets sent. */
const tcpCounter = (name: string) =>
  `awk '/^Tcp:/ { if (!at) { for (i = 2; i <= NF; i += 1) if ($i == "${name}") at = i } else print $at }' /proc/net/snmp`;

test('what a client sends while a port is held is answered after the release: nothing lost, in order, no reset', async (t) => {
  const { node, sh, client, port } = await twoBridges(t, 'h');
  const waiting = async () => JSON.parse(await sh('second', `tc -s -j qdisc show dev ${port}`))[0].qlen as number;
  await node('open');
  const lines = client();
  await lines.answers(20);

  await node('cut');
  await node('hold');
  await node('announce');
  const before = lines.said.length;
  while ((await waiting()) < 20);
  t.is(lines.said.length, before, 'held packets are not answered');
  await node('release');
  await lines.answers(50);
  t.is(await waiting(), 0);
  await node('end');
  await lines.answers(20);
  await lines.end();

  const sent = Number(lines.said.find((line) => line.startsWith('sent'))?.split(' ')[1]);
  const answers = lines.said.filter((line) => line.startsWith('answer'));
  t.deepEqual(
    answers,
    Array.from({ length: sent }, (_, index) => `answer ${index + 1}`),
  );
  t.false(lines.said.some((line) => line.startsWith('error')));
  t.is(await sh('container', tcpCounter('OutRsts')), '0');
  t.is(await sh('client', tcpCounter('OutRsts')), '0');

  t.regex(await sh('second', `tc qdisc show dev ${port}`), /^qdisc noqueue/);
  t.notRegex(await sh('second', `ip addr show dev ${port}`), /inet /);
});

test('the announcement comes through a port that holds, and turns the switches on the way to it', async (t) => {
  const { node, sh, port, client } = await twoBridges(t, 'a');
  const believed = () => sh('first', 'bridge fdb show br br0 | grep ^02:74:00:00:00:02; true');
  t.is(await believed(), '');
  await node('hold');
  await node('announce');
  t.regex(await believed(), / dev join /);
  t.regex(await sh('second', 'bridge fdb show br br0'), new RegExp(`^02:74:00:00:00:02 dev ${port} `, 'm'));
  // who has no address for it yet gets its answer when the container runs
  const lines = client();
  while ((await sh('client', 'ip neigh show to 10.99.0.2')) === '');
  await node('release');
  await lines.answers(5);
  await lines.end();
  t.is(lines.said[0], 'answer 1');
  await node('end');
});
