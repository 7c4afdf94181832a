import { readdirSync } from 'node:fs';
import test from 'ava';
import { sampleDirtyRate } from '../../../agent/memory/dirtyRate.ts';
import { openProcessMemory, parseMaps } from '../../../agent/memory/processMemory.ts';
import { sampleOf } from '../../../agent/memory/sample.ts';
import { startChild } from './support/child.ts';

const pageBytes = 4096;

test('the pages of a process are found and read while it runs', async (t) => {
  const child = await startChild(t, 300);
  const memory = openProcessMemory(child.pid, pageBytes);
  if (memory === undefined) return t.fail();
  t.teardown(memory.close);
  t.is(memory.pid, child.pid);
  const first = child.address / pageBytes;
  const runs = memory.ownPages().filter((run) => run.page < first + 300 && run.page + run.count > first);
  t.true(runs.every(({ untouched }) => untouched));
  const found = new Set(runs.flatMap(({ page, count }) => Array.from({ length: count }, (_, offset) => page + offset)));
  for (let page = 0; page < 300; page += 1) t.true(found.has(first + page), `page ${page}`);
  const bytes = Buffer.alloc(300 * pageBytes);
  t.is(memory.read(first, 300, bytes), 300);
  for (let page = 0; page < 300; page += 1) {
    const expected = Buffer.alloc(pageBytes, page === 1 ? 0 : page + 1);
    t.true(bytes.subarray(page * pageBytes, (page + 1) * pageBytes).equals(expected), `page ${page}`);
  }
});

test('no run is told twice, and the first page of each can be read', async (t) => {
  const child = await startChild(t, 4);
  const memory = openProcessMemory(child.pid, pageBytes);
  t.teardown(() => memory?.close());
  const runs = memory?.ownPages() ?? [];
  const bytes = Buffer.alloc(pageBytes);
  for (const [index, { page, count }] of runs.entries()) {
    t.true(count > 0);
    t.is(memory?.read(page, 1, bytes), 1);
    const next = runs[index + 1];
    if (next !== undefined) t.true(page + count <= next.page);
  }
});

test('what is unmapped meanwhile reads as not there, and the rest as before', async (t) => {
  const child = await startChild(t, 16);
  const memory = openProcessMemory(child.pid, pageBytes);
  t.teardown(() => memory?.close());
  const before = memory?.ownPages() ?? [];
  await child.tell('unmap');
  const bytes = Buffer.alloc(16 * pageBytes);
  t.is(memory?.read(child.address / pageBytes, 16, bytes), 0);
  const other = before.find(({ page, count }) => page + count <= child.address / pageBytes - 64);
  t.is(memory?.read(other?.page ?? 0, 1, bytes), 1);
});

test('a process that ends meanwhile has no pages any more, and none is opened where there is no process', async (t) => {
  const child = await startChild(t, 16);
  const memory = openProcessMemory(child.pid, pageBytes);
  await child.stop('SIGKILL');
  t.deepEqual(memory?.ownPages(), []);
  t.is(memory?.read(child.address / pageBytes, 16, Buffer.alloc(16 * pageBytes)), 0);
  memory?.close();
  t.is(openProcessMemory(child.pid, pageBytes), undefined);
});

test('it can be closed twice, and then harms no file that was opened since', async (t) => {
  const child = await startChild(t, 4);
  const one = openProcessMemory(child.pid, pageBytes);
  one?.close();
  const next = openProcessMemory(child.pid, pageBytes); // the kernel gives the same numbers again
  one?.close();
  const bytes = Buffer.alloc(pageBytes);
  t.is(next?.read(child.address / pageBytes, 1, bytes), 1);
  t.is(one?.read(child.address / pageBytes, 1, bytes), 0);
  t.deepEqual(one?.ownPages(), []);
  next?.close();
});

test('no file stays open', async (t) => {
  const child = await startChild(t, 4);
  const files = () => readdirSync('/proc/self/fd').length;
  const before = files();
  for (let index = 0; index < 20; index += 1) {
    openProcessMemory(child.pid, pageBytes)?.close();
    openProcessMemory(0x3fffffff, pageBytes);
  }
  t.is(files(), before);
});

test('a table of mappings is read: private and readable ones, without those of the kernel', (t) => {
  const text = `55d0c0000000-55d0c0002000 r--p 00000000 08:01 1234 /usr/bin/x
55d0c0002000-55d0c0003000 r-xp 00002000 08:01 1234 /usr/bin/x
55d0c1000000-55d0c1021000 rw-p 00000000 00:00 0 [heap]
7f0000000000-7f0000001000 ---p 00000000 00:00 0
7f0000001000-7f0000002000 rw-s 00000000 00:01 77 /dev/shm/x
7f0000002000-7f0000004000 rwxp 00000000 00:00 0
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0 [stack]
7ffc00030000-7ffc00034000 r--p 00000000 00:00 0 [vvar]
7ffc00034000-7ffc00036000 r-xp 00000000 00:00 0 [vdso]
`;
  t.deepEqual(parseMaps(text, pageBytes), [
    { first: 0x55d0c0000, last: 0x55d0c0002, untouched: false },
    { first: 0x55d0c0002, last: 0x55d0c0003, untouched: false },
    { first: 0x55d0c1000, last: 0x55d0c1021, untouched: true },
    { first: 0x7f0000002, last: 0x7f0000004, untouched: false },
    { first: 0x7ffc00000, last: 0x7ffc00021, untouched: true },
  ]);
  t.deepEqual(parseMaps('', pageBytes), []);
});

test('memory that stands still does not change; memory that is written to all the time does', async (t) => {
  const child = await startChild(t, 64);
  const memory = openProcessMemory(child.pid, pageBytes);
  if (memory === undefined) return t.fail();
  t.teardown(memory.close);
  await child.stop('SIGSTOP');
  t.is(await sampleDirtyRate(sampleOf([memory], 4096), pageBytes), 0);
  await child.stop('SIGCONT');
  let busy = true;
  const changing = (async () => {
    while (busy) await child.tell('change');
  })();
  t.true((await sampleDirtyRate(sampleOf([memory], 4096), pageBytes)) > 0);
  busy = false;
  await changing;
  t.is(await sampleDirtyRate(sampleOf([], 4096), pageBytes), 0);
});
