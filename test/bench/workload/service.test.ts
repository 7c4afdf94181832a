import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { type Probe, startProbeClient } from '../../../bench/workload/client.ts';

const service = resolve(import.meta.dirname, '../../../bench/workload/service.py');
const memoryBytes = 3 * 1024 * 1024;
const pages = memoryBytes / 4096;

async function start(t: ExecutionContext, rewrittenBytesPerSecond: number): Promise<{ pid: number; probe: Probe }> {
  const program = [service, '0', String(memoryBytes), String(rewrittenBytesPerSecond)];
  const child = spawn('python3', ['-I', '-S', '-B', ...program], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const port = Number(/serving on port (\d+)/.exec(String(line))?.[1]);
  const probe = await startProbeClient({ host: '127.0.0.1', port, everyMs: 1 });
  t.teardown(() => probe.stop());
  return { pid: child.pid ?? 0, probe };
}

/** Reports until enough messages were sent, as one. */
async function reportAfter(probe: Probe, messages: number) {
  let report = await probe.report();
  for (let sent = report.sent; sent < messages; sent += report.sent) report = await probe.report();
  return report;
}

test('memory at rest: nothing lost, intact, no page changed', async (t) => {
  const { probe } = await start(t, 0);
  const report = await reportAfter(probe, 50);
  t.like(report, {
    lost: 0,
    duplicated: 0,
    connectionSurvived: true,
    memoryIntact: true,
    changedPages: 0,
    rewrittenPages: 0,
  });
  t.is(report.problem, undefined);
  t.true(report.longestSilenceMs > 0);
});

test('pages are rewritten all the time, and no rewriting is lost', async (t) => {
  const { probe } = await start(t, 20_000_000);
  const first = await reportAfter(probe, 50);
  const second = await reportAfter(probe, 50);
  t.true(first.memoryIntact);
  t.true(second.memoryIntact);
  t.true(second.rewrittenPages > first.rewrittenPages);
  t.true(second.changedPages <= pages);
});

test('a change is of as many different pages as were asked for, and counts from the mark on', async (t) => {
  const { probe } = await start(t, 0);
  await probe.change(40);
  await probe.mark();
  t.is((await probe.report()).changedPages, 0);
  await probe.change(100);
  t.like(await probe.report(), { changedPages: 100, rewrittenPages: 140, memoryIntact: true });
  await probe.change(10 * pages);
  t.like(await probe.report(), { changedPages: pages, memoryIntact: true });
});

test('the workload tells how long it had to wait', async (t) => {
  const { probe } = await start(t, 0);
  await reportAfter(probe, 20);
  const gapMs = probe.worstGapMs(0, Date.now() + 1000);
  t.true(gapMs !== undefined && gapMs > 0);
  t.is(probe.worstGapMs(0, 1), undefined);
});

/** Where a page lies that was never rewritten: it says its number, and that it was never rewritten. */
async function placeOf(pid: number, page: number, memory: FileHandle): Promise<number> {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(page, 0);
  const found = Buffer.alloc(4096);
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
  for (const [, from = '', to = ''] of maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0 *$/gm)) {
    for (let place = Number.parseInt(from, 16); place < Number.parseInt(to, 16); place += 4096) {
      await memory.read(found, 0, 4096, place);
      if (found.subarray(0, 24).equals(header) && found.subarray(24).some((byte) => byte !== 0)) return place;
    }
  }
  throw new Error(`no page ${page}`);
}

test('a byte that changed, and a page as it was earlier, are found', async (t) => {
  const { pid, probe } = await start(t, 0);
  const memory = await open(`/proc/${pid}/mem`, 'r+');
  t.teardown(() => memory.close());
  const place = await placeOf(pid, 64, memory);
  const before = Buffer.alloc(4096);
  await memory.read(before, 0, 4096, place);
  await probe.change(pages);
  t.true((await probe.report()).memoryIntact);
  const after = Buffer.alloc(4096);
  await memory.read(after, 0, 4096, place);
  t.false(before.equals(after));
  await memory.write(before, 0, 4096, place);
  t.false((await probe.report()).memoryIntact);
  await memory.write(after, 0, 4096, place);
  t.true((await probe.report()).memoryIntact);
  await memory.write(Buffer.from([(after[2000] ?? 0) ^ 1]), 0, 1, place + 2000);
  t.like(await probe.report(), { memoryIntact: false, connectionSurvived: true });
});
