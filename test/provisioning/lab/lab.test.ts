import { readFile, stat } from 'node:fs/promises';
import test from 'ava';
import { pathsOf } from '../../../provisioning/lab/directories.ts';
import { labDown } from '../../../provisioning/lab/down.ts';
import { labRestart, labRun, labStart, labStop } from '../../../provisioning/lab/exec.ts';
import { labAssociate, labLeave, labRoam } from '../../../provisioning/lab/roam.ts';
import { labShape } from '../../../provisioning/lab/shape.ts';
import { labStatus } from '../../../provisioning/lab/status.ts';
import { labUp } from '../../../provisioning/lab/up.ts';

const name = `t${process.pid}-site`;

test.before(async () => {
  await labUp({ name, accessPoints: 2, nodes: 1, stations: 3, controller: true, agents: false });
});
test.after.always(() => labDown({ name }));

function sh(member: string, script: string): Promise<string> {
  return labRun({ name, member, command: ['sh', '-c', script] }).then((result) => result.stdout);
}

/** hostapd's events at an access point, from now on. */
async function eventsOf(member: string) {
  const command = ['stdbuf', '-oL', 'hostapd_cli', '-r', '-p', '/run/hostapd', '-i', 'wlan0'];
  const program = await labStart({ name, member, command });
  const lines = program.lines()[Symbol.asyncIterator]();
  for (let line = await lines.next(); !line.done && !/Interactive mode/.test(line.value); ) line = await lines.next();
  return {
    async next(): Promise<string> {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) return '(the end)';
        const event = /<3>(AP-STA-.*\S)/.exec(value)?.[1];
        if (event !== undefined) return event;
      }
    },
    stop: () => program.stop(),
  };
}

test.serial('all members reach each other, by name', async (t) => {
  for (const member of ['controller', 'ap1', 'ap2']) {
    for (const other of ['controller', 'ap1', 'ap2', 'node1']) await sh(member, `ping -q -c 1 -W 5 ${other}`);
  }
  t.pass();
});

test.serial('a node has processes, host name, mounts and control groups of its own', async (t) => {
  t.is((await sh('ap1', 'hostname')).trim(), 'ap1');
  t.false((await sh('ap1', 'cat /proc/*/cmdline')).includes('ava'));
  t.deepEqual(
    (await sh('ap1', 'cut -d: -f3 /proc/self/cgroup')).split('\n').filter((path) => !/^(\/|\/init)$/.test(path)),
    [],
  );
  await t.throwsAsync(sh('ap1', 'touch /opt/tagalong/x'), { code: 'command-failed' });
  t.not((await sh('ap1', 'stat -f -c %T /var/lib/tagalong')).trim(), 'overlayfs');
  t.regex(await sh('ap1', '/opt/tagalong/node_modules/node/bin/node --version'), /^v24\./);
});

test.serial('the first process of a node reaps what is handed to it', async (t) => {
  await sh('node1', 'for i in 1 2 3 4 5 6 7 8; do (setsid true &); done; (setsid sh -c "exec sleep 0.01" &)');
  for (;;) {
    // ends with a zombie only by ava's time-out
    if (!/ Z/.test(await sh('node1', 'ps -e -o pid,stat'))) break;
  }
  t.pass();
});

test.serial('passwords are for root alone', async (t) => {
  const { stateFile, state } = pathsOf(name);
  t.is((await stat(stateFile)).mode & 0o777, 0o600);
  t.is((await stat(state)).mode & 0o777, 0o700);
  const { passwords } = JSON.parse(await readFile(stateFile, 'utf8'));
  t.deepEqual(Object.keys(passwords).sort(), ['ap1', 'ap2', 'controller', 'node1', 'operator', 'viewer']);
});

test.serial('a station takes an address of its access point, roams with it, and leaves', async (t) => {
  const at1 = await eventsOf('ap1');
  const at2 = await eventsOf('ap2');
  t.teardown(() => Promise.all([at1.stop(), at2.stop()]));
  const mac = '02:77:00:01:00:01';
  const first = await labAssociate({ name, station: 'phone1', to: 'ap1' });
  t.like(first, { from: undefined, to: 'ap1', mac });
  t.regex(first.address, /^10\.77\.121\./);
  t.is(await at1.next(), `AP-STA-CONNECTED ${mac}`);
  t.true((await sh('ap1', 'cat /var/lib/misc/dnsmasq.leases')).includes(`${mac} ${first.address} phone1`));
  t.is((await sh('ap2', 'cat /var/lib/misc/dnsmasq.leases')).trim(), '');

  // as after a real roam: nothing from the old one
  t.is((await labRoam({ name, station: 'phone1', to: 'ap2' })).address, first.address);
  t.is(await at2.next(), `AP-STA-CONNECTED ${mac}`);
  await sh('phone1', 'ping -q -c 1 -W 5 node1');
  await sh('node1', `ping -q -c 1 -W 5 ${first.address}`);

  // the old one still held it for associated, so it says first that it left
  await labRoam({ name, station: 'phone1', to: 'ap1', disconnect: 'late' });
  t.is(await at1.next(), `AP-STA-DISCONNECTED ${mac}`);
  t.is(await at1.next(), `AP-STA-CONNECTED ${mac}`);
  t.is(await at2.next(), `AP-STA-DISCONNECTED ${mac}`);
  await sh('phone1', 'ping -q -c 1 -W 5 node1');

  const status = await labStatus({ name });
  t.is(status.members.find((member) => member.name === 'phone1')?.at, 'ap1');
  t.deepEqual(status.members.find((member) => member.name === 'ap1')?.associated, [mac]);
  t.deepEqual(status.members.find((member) => member.name === 'ap2')?.associated, []);

  t.is(await labLeave({ name, station: 'phone1' }), 'ap1');
  t.is(await at1.next(), `AP-STA-DISCONNECTED ${mac}`);
  t.is(await labLeave({ name, station: 'phone1' }), undefined);
});

test.serial('a station that comes back at once is announced, with another one there', async (t) => {
  await labAssociate({ name, station: 'phone2', to: 'ap2' });
  await labAssociate({ name, station: 'phone3', to: 'ap2' });
  const at2 = await eventsOf('ap2');
  t.teardown(() => at2.stop());
  await labLeave({ name, station: 'phone2' });
  t.is(await at2.next(), 'AP-STA-DISCONNECTED 02:77:00:01:00:02');
  await labAssociate({ name, station: 'phone2', to: 'ap2' });
  t.is(await at2.next(), 'AP-STA-DISCONNECTED 02:77:00:01:00:03');
  const connected = [await at2.next(), await at2.next()].sort();
  t.deepEqual(connected, ['AP-STA-CONNECTED 02:77:00:01:00:02', 'AP-STA-CONNECTED 02:77:00:01:00:03']);
});

test.serial('addresses are not given across the uplink', async (t) => {
  await labStop({ name, member: 'ap1', service: 'dnsmasq' });
  await sh('ap1', 'ip link add x0 type veth peer name x1; ip link set x0 master br0 up; ip link set x1 up');
  const ask = 'busybox udhcpc -i x1 -n -q -f -t 3 -T 1 -s /bin/true';
  await t.throwsAsync(sh('ap1', ask), { code: 'command-failed' });
  await labRestart({ name, member: 'ap1', service: 'dnsmasq' });
  await sh('ap1', ask);
  await sh('ap1', 'ip link del x0');
});

test.serial('a rate is in force in both directions, shown, and taken away', async (t) => {
  t.deepEqual(await labShape({ name, node: 'node1', rateMbps: 20 }), { rateMbps: 20 });
  t.deepEqual(await labShape({ name, node: 'node1', rateMbps: 20 }), { rateMbps: 20 });
  t.regex(await sh('node1', 'tc class show dev up0'), /htb 1:1 .*rate 20Mbit/);
  t.regex(await sh('backbone', 'tc class show dev node1'), /htb 1:1 .*rate 20Mbit/);
  const shaping = async () => (await labStatus({ name })).members.find((member) => member.name === 'node1')?.shaping;
  t.deepEqual(await shaping(), { rateMbps: 20 });
  t.deepEqual(await labShape({ name, node: 'node1', clear: true }), {});
  t.notRegex(await sh('node1', 'tc qdisc show dev up0'), /htb/);
  t.is(await shaping(), undefined);
});

test.serial('a delay is in force, or it is said that the kernel has none', async (t) => {
  const hasNetem = await sh('node1', 'tc qdisc add dev lo root netem delay 1ms && tc qdisc del dev lo root').then(
    () => true,
    () => false,
  );
  if (hasNetem) {
    await labShape({ name, node: 'node1', delayMs: 5 });
    t.regex(await sh('node1', 'tc qdisc show dev up0'), /netem .*delay 5ms/);
  } else {
    await t.throwsAsync(labShape({ name, node: 'node1', rateMbps: 9, delayMs: 5 }), { code: 'shaping-unavailable' });
    t.notRegex(await sh('node1', 'tc qdisc show dev up0'), /htb/);
  }
  await labShape({ name, node: 'node1', clear: true });
});

test.serial('who is not there is named as such', async (t) => {
  await t.throwsAsync(labRun({ name, member: 'ap9', command: ['true'] }), { code: 'unknown-member' });
  await t.throwsAsync(labRoam({ name, station: 'ap1', to: 'ap2' }), { code: 'unknown-member' });
  await t.throwsAsync(labRoam({ name, station: 'phone1', to: 'node1' }), { code: 'unknown-member' });
  await t.throwsAsync(labRestart({ name, member: 'node1', service: 'hostapd' }), { code: 'unknown-member' });
  await t.throwsAsync(labRun({ name: `${name}-not`, member: 'ap1', command: ['true'] }), { code: 'lab-down' });
  await t.throwsAsync(labDown({ name: '../x' }), { code: 'lab-failed' });
  await t.throwsAsync(labStatus({ name: '../x' }), { code: 'lab-failed' });
});
