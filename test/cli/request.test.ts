import test from 'ava';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { DraftOf } from '../../broker/contract/topics.ts';
import { sendRequest } from '../../cli/request.ts';
import { connectWith } from '../../cli/site/connect.ts';
import { startTestSite } from './support/site.ts';

const at = new Date().toISOString();

test('a request that is accepted and done', async (t) => {
  const site = await startTestSite(t);
  const requests: Record<string, unknown>[] = [];
  await site.obey('stop', (request) => {
    requests.push(request);
    return [{ status: 'accepted' }, { status: 'done' }];
  });
  const { exitCode, output } = await site.tagalong('stop', 'web', '--timeout', '1.5s');
  t.is(exitCode, 0);
  t.is(output, 'web is stopped on ap1\n');
  t.like(requests[0], { container: 'web', timeoutMs: 1500 });
});

test('run sends what the options say', async (t) => {
  const site = await startTestSite(t);
  const requests: Record<string, unknown>[] = [];
  await site.obey('run', (request) => {
    requests.push(request);
    return [{ status: 'accepted' }, { status: 'done', result: { address: '10.0.0.2' } }];
  });
  const options =
    '--node ap1 --image /srv/web --env A=1 --env B=2 --memory 64MiB --volume data:/data --volume /x:/y:ro';
  const { exitCode, output } = await site.tagalong(
    'run',
    'web',
    ...options.split(' '),
    ...['--follows', '02:AA:00:00:00:01', '--address', '10.0.0.2', '--', 'server', '-p', '80'],
  );
  t.is(exitCode, 0);
  t.is(output, 'web runs on ap1, address 10.0.0.2\n');
  const { id, ...request } = requests[0] ?? {};
  t.is(typeof id, 'string');
  t.deepEqual(request, {
    name: 'web',
    node: 'ap1',
    image: '/srv/web',
    command: ['server', '-p', '80'],
    environment: { A: '1', B: '2' },
    memoryLimitBytes: 67_108_864,
    volumes: [
      { name: 'data', target: '/data' },
      { bind: '/x', target: '/y', readOnly: true },
    ],
    follows: '02-aa-00-00-00-01',
    address: '10.0.0.2',
  });
});

test('a rejection keeps the words of the node and every reason, and ends with 3', async (t) => {
  const site = await startTestSite(t);
  const first = new TagalongError('node-offline', { node: 'ap2' }).report();
  const second = new TagalongError('criu-missing', { node: 'ap2', problem: 'not found' }).report();
  await site.obey('migrate', () => [{ status: 'rejected', error: first, blockedReasons: [first, second] }]);
  const people = await site.tagalong('migrate', 'web', '--to', 'ap2');
  t.is(people.exitCode, 3);
  t.is(people.output, '');
  t.regex(people.errors, /The node ap2 is offline\./);
  t.regex(people.errors, /also: CRIU does not work on ap2/);
  t.regex(people.errors, /Start its agent/);
  const programs = await site.tagalong('migrate', 'web', '--to', 'ap2', '--json');
  t.is(programs.exitCode, 3);
  t.like(JSON.parse(programs.output).error, { code: 'node-offline', remedy: first.remedy });
});

test('a code that this version does not know is shown all the same', async (t) => {
  const site = await startTestSite(t);
  const error = { code: 'too-hot', message: 'The node is too hot.', remedy: 'Cool it.' };
  await site.obey('pin', () => [{ status: 'accepted' }, { status: 'failed', error }]);
  const { exitCode, errors } = await site.tagalong('pin', 'web');
  t.is(exitCode, 1);
  t.regex(errors, /The node is too hot\.\n {2}Cool it\./);
});

test('nobody answers', async (t) => {
  const site = await startTestSite(t);
  const password = process.env['TAGALONG_PASSWORD'] ?? '';
  const connection = await connectWith({ url: site.url, site: 'default', username: 'operator', password });
  t.teardown(() => connection.close());
  const error = await t.throwsAsync(sendRequest(connection, 'unpin', { container: 'web' }, { acceptMs: 50 }));
  t.true(error instanceof TagalongError && error.code === 'no-answer');
});

test('accepted, and then nothing', async (t) => {
  const site = await startTestSite(t);
  await site.obey('unpin', () => [{ status: 'accepted' }]);
  const password = process.env['TAGALONG_PASSWORD'] ?? '';
  const connection = await connectWith({ url: site.url, site: 'default', username: 'operator', password });
  t.teardown(() => connection.close());
  const waits = { acceptMs: 10_000, finishMs: 50 };
  await t.throwsAsync(sendRequest(connection, 'unpin', { container: 'web' }, waits), { message: /within 50 ms/ });
});

test('migrate shows its progress beside the result, and its account as the result', async (t) => {
  const site = await startTestSite(t);
  const migration: DraftOf<'nodeMigrationEvent'> = {
    id: 'm-1',
    container: 'web',
    generation: 1,
    from: 'ap1',
    to: 'ap2',
    technique: 'cold',
    techniqueReason: 'the only one',
    trigger: 'manual',
    reasons: [],
    phase: 'accepted',
    at,
    startedAt: at,
    phases: [],
    progress: { sentBytes: 1024, totalBytes: 2048 },
    sentBytes: 2048,
  };
  const told = new Map<string, Promise<void>>();
  await site.obey('migrate', (request) => {
    const publish = (phase: 'freezing' | 'completed', rest: object) =>
      site.node.publish('nodeMigrationEvent', { node: 'ap1', id: 'm-1' }, { ...migration, phase, ...rest });
    told.set(String(request['id']), publish('freezing', {}));
    told.set('end', publish('completed', { downtimeMs: 120, totalMs: 1500 }));
    return [
      { status: 'accepted', migration: 'm-1' },
      { status: 'done', migration: 'm-1' },
    ];
  });
  const { exitCode, output, errors } = await site.tagalong('migrate', 'web', '--to', 'ap2');
  await Promise.all(told.values());
  t.is(exitCode, 0);
  t.is(errors, 'web: ap1 -> ap2, freezing, 1 KiB of 2 KiB\nweb: ap1 -> ap2, completed, 1 KiB of 2 KiB\n');
  t.is(output, 'web moved from ap1 to ap2: frozen 120 ms, total 1.5 s, 2 KiB sent, cold (the only one)\n');
});

test('migrate --dry-run prints what is expected', async (t) => {
  const site = await startTestSite(t);
  const estimate = { technique: 'pre-copy', downtimeMs: 90, totalMs: 1200, sentBytes: 2048 };
  await site.obey('migrate', () => [{ result: { technique: 'pre-copy', techniqueReason: 'because', estimate } }]);
  t.is(
    (await site.tagalong('migrate', 'web', '--to', 'ap2', '--dry-run')).output,
    `web could move to ap2
  technique            pre-copy (because)
  expected downtime    90 ms
  expected total       1.2 s
  expected to be sent  2 KiB
`,
  );
});

test('logs prints the lines, describe the rest', async (t) => {
  const site = await startTestSite(t);
  await site.obey('describe', (request) => [
    { result: request['logLines'] === undefined ? { status: 'running' } : { log: 'one\ntwo\n' } },
  ]);
  t.is((await site.tagalong('logs', 'web', '-n', '2')).output, 'one\ntwo\n');
  t.deepEqual(JSON.parse((await site.tagalong('logs', 'web', '--json')).output).lines, ['one', 'two']);
  t.is((await site.tagalong('describe', 'web')).output, 'status: running\n');
});

test('a wrong password', async (t) => {
  const site = await startTestSite(t);
  const { exitCode, errors } = await site.tagalong('ps', '--user', 'nobody');
  t.is(exitCode, 5);
  t.regex(errors, /refused the user name or password/);
});
