import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { writeEnd } from '../../../agent/pager/pager.ts';
import { endLeftPager, waitForPager } from '../../../agent/pager/startPager.ts';
import { startTimeOf } from '../../../host/processes.ts';
import { temporary } from '../memory/support/temporary.ts';

const signal = new AbortController().signal;

/** A directory as a pager has it, with a process that stands for it. */
async function room(t: ExecutionContext) {
  const directory = join(temporary(t), 'm1');
  mkdirSync(directory);
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const startTime = await startTimeOf(child.pid ?? 0);
  const note = (changed: object = {}) =>
    writeFileSync(join(directory, 'process'), JSON.stringify({ pid: child.pid, startTime, ...changed }));
  return { directory, child, ended, note };
}

test('a pager that an earlier agent started is waited for, and its last word heard', async (t) => {
  const { directory, note } = await room(t);
  note();
  const waiting = waitForPager(directory, signal);
  writeEnd(directory, { said: 'complete', receivedPages: 5 });
  t.deepEqual(await waiting, { said: 'complete', receivedPages: 5 });
});

test('one that ended without a word has failed, whoever has its number now', async (t) => {
  const { directory, child, ended, note } = await room(t);
  note({ startTime: '1' });
  t.like(await waitForPager(directory, signal), { said: 'failed' });
  note();
  child.kill('SIGKILL');
  await ended;
  t.like(await waitForPager(directory, signal), { said: 'failed' });
  t.like(await waitForPager(join(directory, 'none'), signal), { said: 'failed' });
});

test('an agent that stops waits no longer', async (t) => {
  const { directory, note } = await room(t);
  note();
  const stopping = new AbortController();
  const waiting = waitForPager(directory, stopping.signal);
  stopping.abort(new Error('the agent stops'));
  await t.throwsAsync(waiting);
});

test('one whose container never ran here is ended, and nothing of it stays', async (t) => {
  const { directory, ended, note } = await room(t);
  note();
  await endLeftPager(directory);
  t.deepEqual(await ended, [null, 'SIGTERM']);
  t.false(existsSync(directory));
});

test('a process that has its number by chance is let be', async (t) => {
  const { directory, child, note } = await room(t);
  note({ startTime: '1' });
  await endLeftPager(directory);
  t.is(child.exitCode, null);
  t.is(child.signalCode, null);
  t.not(await startTimeOf(child.pid ?? 0), undefined);
  t.false(existsSync(directory));
});
