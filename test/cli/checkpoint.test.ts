import test from 'ava';
import { TagalongError } from '../../broker/contract/errors.ts';
import { startTestSite } from './support/site.ts';

const file = '/srv/web.tar';

test('checkpoint sends what the options say, and tells the size and the pause', async (t) => {
  const site = await startTestSite(t);
  const requests: Record<string, unknown>[] = [];
  await site.obey('checkpoint', (request) => {
    requests.push(request);
    const result = { container: 'web', file, sizeBytes: 3 << 20 };
    const pause = request['leaveRunning'] === true ? { downtimeMs: 80.4 } : {};
    return request['dryRun'] === true
      ? [{ result: { file } }]
      : [{ status: 'accepted' }, { status: 'done', result: { ...result, ...pause } }];
  });
  const left = await site.tagalong('checkpoint', 'web', '--to', file, '--leave-running', '--with-image');
  t.is(left.exitCode, 0);
  t.is(left.output, 'web is written to /srv/web.tar on ap1 (3 MiB); it runs on, frozen 80 ms\n');
  t.is(
    (await site.tagalong('checkpoint', 'web')).output,
    'web is written to /srv/web.tar on ap1 (3 MiB); it is stopped\n',
  );
  t.is((await site.tagalong('checkpoint', 'web', '--dry-run')).output, 'web could be written to /srv/web.tar on ap1\n');
  t.like(JSON.parse((await site.tagalong('checkpoint', 'web', '--json')).output), { status: 'done', result: { file } });
  t.deepEqual(
    requests.map(({ id: _, ...request }) => request),
    [
      { container: 'web', file, leaveRunning: true, withImage: true },
      { container: 'web' },
      { container: 'web', dryRun: true },
      { container: 'web' },
    ],
  );
});

test('restore sends what the options say, and tells what runs', async (t) => {
  const site = await startTestSite(t);
  const requests: Record<string, unknown>[] = [];
  const createdAt = '2026-01-01T00:00:00.000Z';
  await site.obey('restore', (request) => {
    requests.push(request);
    const connectionsKept = request['name'] === undefined;
    return [{ result: { container: request['name'] ?? 'web', address: '10.0.0.9', createdAt, connectionsKept } }];
  });
  const options = ['--node', 'ap1', '--name', 'copy', '--address', '10.0.0.9'];
  t.is(
    (await site.tagalong('restore', file, ...options)).output,
    `copy runs on ap1 as of ${createdAt}, address 10.0.0.9; its connections of then are closed\n`,
  );
  t.is(
    (await site.tagalong('restore', file, '--node', 'ap1', '--dry-run')).output,
    `web could run on ap1 as of ${createdAt}, address 10.0.0.9; its connections go on\n`,
  );
  t.deepEqual(
    requests.map(({ id: _, ...request }) => request),
    [
      { file, node: 'ap1', name: 'copy', address: '10.0.0.9' },
      { file, node: 'ap1', dryRun: true },
    ],
  );
});

test('an archive that cannot be used ends with 3, and a relative path with 2', async (t) => {
  const site = await startTestSite(t);
  const error = new TagalongError('archive-unusable', { file, problem: 'it is truncated' }).report();
  await site.obey('restore', () => [{ status: 'accepted' }, { status: 'failed', error }]);
  const refused = await site.tagalong('restore', file, '--node', 'ap1');
  t.is(refused.exitCode, 3);
  t.regex(refused.errors, /The archive \/srv\/web\.tar cannot be restored: it is truncated\./);
  for (const words of [
    ['restore', 'web.tar', '--node', 'ap1'],
    ['checkpoint', 'web', '--to', 'web.tar'],
  ]) {
    const { exitCode, errors } = await site.tagalong(...words);
    t.is(exitCode, 2);
    t.regex(errors, /"web\.tar" must be an absolute path on the node/);
  }
});
