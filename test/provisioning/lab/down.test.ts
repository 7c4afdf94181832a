import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import test from 'ava';
import { gracePeriodsNote } from '../../../host/gracePeriods.ts';
import { hierarchies, killLab, labProcesses } from '../../../provisioning/lab/cgroups.ts';
import { memberDirectory, pathsOf } from '../../../provisioning/lab/directories.ts';
import { labDown } from '../../../provisioning/lab/down.ts';
import { labRun } from '../../../provisioning/lab/exec.ts';
import { labStatus } from '../../../provisioning/lab/status.ts';
import { labUp } from '../../../provisioning/lab/up.ts';
import { labInhabitants, labName, nothing, tracesOf } from './machine.ts';

const site = { accessPoints: 1, nodes: 1, stations: 1, controller: true, agents: false };

test('down leaves nothing, also of a frozen process, and may be said twice', async (t) => {
  const name = labName(t, 'plain');
  await labUp({ name, ...site });
  const freeze = `
    setsid sleep 1000 </dev/null >/dev/null 2>&1 &
    cd /sys/fs/cgroup; [ ! -d freezer ] || cd freezer
    mkdir frozen; echo $! >frozen/cgroup.procs
    if [ -e frozen/freezer.state ]; then echo FROZEN >frozen/freezer.state; else echo 1 >frozen/cgroup.freeze; fi`;
  await labRun({ name, member: 'node1', command: ['sh', '-c', freeze] });
  const { keys, namespaces } = await labInhabitants(name);
  t.true(namespaces.size >= 6 * 5, `${namespaces.size} namespaces`);
  const up = await tracesOf(name, keys);
  t.true(up['processes'] !== undefined && up['processes'].length > 5);
  t.true(up['groups'] !== undefined && up['groups'].length > 0);
  t.deepEqual({ links: up['links'], mounts: up['mounts'] }, { links: [], mounts: [] });
  t.true(await labDown({ name }));
  t.deepEqual(await tracesOf(name, keys), nothing);
  t.false(await labDown({ name }));
  t.is((await labStatus({ name })).phase, 'down');
});

test('down leaves nothing after all processes were killed', async (t) => {
  const name = labName(t, 'killed');
  await labUp({ name, ...site });
  const { keys } = await labInhabitants(name);
  await killLab(await hierarchies(), name);
  t.is((await labStatus({ name })).phase, 'broken');
  t.true(await labDown({ name }));
  t.deepEqual(await tracesOf(name, keys), nothing);
});

test('down turns back what an agent that was killed has left turned on in the kernel', async (t) => {
  const control = '/sys/kernel/rcu_expedited';
  const name = labName(t, 'hasty');
  await labUp({ name, ...site });
  writeFileSync(join(memberDirectory(name, 'node1'), 'data', gracePeriodsNote), '');
  writeFileSync(control, '1');
  await labDown({ name });
  // an agent of another lab may have it turned on for two seconds
  const deadline = Date.now() + 20_000;
  while (readFileSync(control, 'utf8').trim() !== '0' && Date.now() < deadline) await wait(20);
  t.is(readFileSync(control, 'utf8').trim(), '0');
});

test('down leaves nothing where the state is lost or cannot be read', async (t) => {
  const name = labName(t, 'lost');
  await labUp({ name, ...site });
  const { keys } = await labInhabitants(name);
  await writeFile(pathsOf(name).stateFile, '{"version": 1, "name"');
  t.is((await labStatus({ name })).phase, 'broken');
  t.true(await labDown({ name }));
  t.deepEqual(await tracesOf(name, keys), nothing);
});

/** Starts `labUp` in a process of its own and kills that as soon as it tells of a step. */
async function upKilledAt(name: string, step: string): Promise<void> {
  const up = new URL('../../../provisioning/lab/up.ts', import.meta.url).href;
  const options = JSON.stringify({ name, ...site });
  const script = `import { labUp } from ${JSON.stringify(up)};
    await labUp({ ...${options}, onProgress: (message) => process.stdout.write(message + '\\n') });
    process.stdout.write('done\\n');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  for await (const line of createInterface(child.stdout)) {
    if (line === step) child.kill('SIGKILL');
  }
  await ended;
}

for (const [label, step] of [
  ['first', 'starting backbone'],
  ['middle', 'starting ap1'],
  ['last', 'starting phone1'],
  ['done', 'done'],
] as const) {
  test(`down leaves nothing after up was killed at "${step}"`, async (t) => {
    const name = labName(t, label);
    await upKilledAt(name, step);
    const { keys } = await labInhabitants(name);
    t.true(await labDown({ name }));
    t.deepEqual(await tracesOf(name, keys), nothing);
    t.deepEqual(await labProcesses(await hierarchies(), name), []);
  });
}

test('up after an up that was killed starts anew', async (t) => {
  const name = labName(t, 'again');
  await upKilledAt(name, 'starting ap1');
  await labUp({ name, ...site });
  t.is((await labStatus({ name })).phase, 'up');
  await t.throwsAsync(labUp({ name, ...site }), { code: 'lab-exists' });
});

test('what fails in the middle of up leaves nothing', async (t) => {
  const name = labName(t, 'failing');
  const { data } = pathsOf(name);
  // the second access point finds a file where its directory should be
  const onProgress = async (message: string) => {
    if (message !== 'starting backbone') return;
    await mkdir(data, { recursive: true });
    await writeFile(`${data}/ap1`, '');
  };
  await t.throwsAsync(labUp({ name, ...site, onProgress }), { code: 'lab-failed' });
  t.deepEqual(await tracesOf(name, new Set()), nothing);
});
