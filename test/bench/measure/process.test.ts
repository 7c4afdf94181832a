import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { hasVariable, parseMemory, parseStat, processesBeside } from '../../../bench/measure/process.ts';

test('the line of a process, whatever its name is', (t) => {
  const rest = 'S 61 1 1 0 -1 4194560 900 20 3 0 11 7 40 2 20 0 7 0 5123 1000000 500';
  const read = { pid: 155, parentPid: 61, startTicks: 5123, cpuTicks: 60 };
  t.deepEqual(parseStat(`155 (a) b (c) ${rest}`), read);
  t.is(parseStat(`155 (sh) Z${rest.slice(1)}`), undefined);
});

test('the peak of resident memory; the kernel has none', (t) => {
  const text = 'Name:\tnode\nVmPeak:\t  900 kB\nVmHWM:\t  170 kB\nVmRSS:\t 160 kB\nRssFile:\t  60 kB\n';
  t.deepEqual(parseMemory(text), { peakBytes: 170 * 1024, fileBytes: 60 * 1024 });
  t.deepEqual(parseMemory('Name:\tkthreadd\n'), { peakBytes: 0, fileBytes: 0 });
});

test('a child is seen with its command and its environment, until it has ended', async (t) => {
  const child = spawn('sleep', ['600'], { env: { ...process.env, LAB_SERVICE: 'agent' } });
  await once(child, 'spawn');
  const seen = () => processesBeside(process.pid).find(({ pid }) => pid === child.pid);
  t.like(seen(), { parentPid: process.pid, command: 'sleep\u0000600\u0000' });
  t.true((seen()?.peakBytes ?? 0) > 0);
  t.true(hasVariable(child.pid ?? 0, 'LAB_SERVICE=agent'));
  t.false(hasVariable(child.pid ?? 0, 'LAB_SERVICE=age'));
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.is(seen(), undefined);
});
