import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { startTimeOf } from '../../../host/processes.ts';
import { isAlive } from '../../../provisioning/lab/state.ts';

test('a process is known by its pid and its start: another one of the same pid is not it', async (t) => {
  const child = spawn('sleep', ['1000']);
  t.teardown(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const startTime = (await startTimeOf(pid)) ?? '';
  t.true(await isAlive({ pid, startTime }));
  t.false(await isAlive({ pid, startTime: `${Number(startTime) + 1}` }));
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  t.false(await isAlive({ pid, startTime }));
  t.false(await isAlive(undefined));
});
