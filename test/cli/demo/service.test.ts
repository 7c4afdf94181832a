import { once } from 'node:events';
import { appendFile, open, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import test from 'ava';
import { type Client, startClient } from '../../../cli/demo/client.ts';
import { buildDemoImage, startService } from '../support/service.ts';

const memoryBytes = 3 * 1024 * 1024 + 17;

async function afterMessages(client: Client, count: number) {
  let report = await client.report();
  const total = { ...report };
  while (total.sent < count) {
    report = await client.report();
    for (const key of ['sent', 'lost', 'duplicated'] as const) total[key] += report[key];
  }
  return { ...report, ...total, journalLines: report.journalLines };
}

test('an unharmed service: nothing lost, memory and files intact', async (t) => {
  const service = await startService(t, await buildDemoImage(t), memoryBytes);
  const client = await startClient({ host: '127.0.0.1', port: service.port, everyMs: 1 });
  t.teardown(() => client.stop());
  const report = await afterMessages(client, 100);
  t.like(report, {
    lost: 0,
    duplicated: 0,
    connectionSurvived: true,
    memoryIntact: true,
    filesIntact: true,
    memoryBytes,
  });
  t.true(report.journalLines >= 5);
  t.true(report.longestSilenceMs > 0);
  t.regex(await readFile(service.journal, 'utf8'), /^1 20\n2 40\n/);
});

test('a changed byte of memory shows', async (t) => {
  const service = await startService(t, await buildDemoImage(t), memoryBytes);
  const client = await startClient({ host: '127.0.0.1', port: service.port, everyMs: 1 });
  t.teardown(() => client.stop());
  t.true((await client.report()).memoryIntact);
  await damageMemory(service.pid);
  const report = await client.report();
  t.false(report.memoryIntact);
  t.true(report.connectionSurvived);
});

/** Changes one byte of a large random block from outside, as a wrong restore might. */
async function damageMemory(pid: number): Promise<void> {
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
  const memory = await open(`/proc/${pid}/mem`, 'r+');
  try {
    for (const line of maps.split('\n')) {
      const [, from = '', to = '', name] = /^([0-9a-f]+)-([0-9a-f]+) rw-p \S+ \S+ 0 *(.*)$/.exec(line) ?? [];
      const start = Number.parseInt(from, 16);
      const length = Number.parseInt(to, 16) - start;
      // the blocks are the largest anonymous areas there are
      if (name !== '' || !(length >= 256 * 1024)) continue;
      const middle = Buffer.alloc(4096);
      await memory.read(middle, 0, middle.length, start + 128 * 1024);
      if (new Set(middle).size < 200) continue; // not random: not a block
      middle[0] = (middle[0] ?? 0) ^ 1;
      await memory.write(middle, 0, 1, start + 128 * 1024);
    }
  } finally {
    await memory.close();
  }
}

test('a line too many in the journal shows', async (t) => {
  const service = await startService(t, await buildDemoImage(t), memoryBytes);
  const client = await startClient({ host: '127.0.0.1', port: service.port, everyMs: 1 });
  t.teardown(() => client.stop());
  t.true((await client.report()).filesIntact);
  await appendFile(service.journal, 'x\n');
  t.false((await client.report()).filesIntact);
});

test('a service that dies: the connection is lost, and the client says so', async (t) => {
  const service = await startService(t, await buildDemoImage(t), memoryBytes);
  const client = await startClient({ host: '127.0.0.1', port: service.port, everyMs: 1, answerMs: 200 });
  t.teardown(() => client.stop());
  await client.report();
  await service.stop();
  const report = await client.report();
  t.like(report, { connectionSurvived: false, memoryIntact: false, filesIntact: false });
  t.truthy(report.problem);
});

test('nobody listens', async (t) => {
  await t.throwsAsync(startClient({ host: '127.0.0.1', port: 1 }), { message: /ECONNREFUSED/ });
});

test('lines that are none are answered, and endless ones end the connection', async (t) => {
  const service = await startService(t, await buildDemoImage(t), memoryBytes);
  const rude = connect({ host: '127.0.0.1', port: service.port });
  t.teardown(() => rude.destroy());
  await once(rude, 'connect');
  const lines = createInterface({ input: rude });
  const closed = new Promise((resolve) => rude.once('close', resolve));
  // the service may cut the connection with data unread
  rude.on('error', () => undefined);
  lines.on('error', () => undefined);
  for (const line of ['', 'M', 'M x', 'M 1 2', 'Q 1', `M ${'9'.repeat(100)}`, '\u00ff\u0000']) {
    rude.write(`${line}\n`);
    t.deepEqual(await once(lines, 'line'), ['E not a line of the protocol'], line);
  }
  rude.write('x'.repeat(100_000));
  await closed;
  const client = await startClient({ host: '127.0.0.1', port: service.port, everyMs: 1 });
  t.teardown(() => client.stop());
  t.like(await client.report(), { lost: 0, duplicated: 0, connectionSurvived: true });
});
