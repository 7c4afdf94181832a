import test from 'ava';
import { TagalongError } from '../../broker/contract/errors.ts';
import { startTestSite } from './support/site.ts';

test('prepare and unprepare send what the options say', async (t) => {
  const site = await startTestSite(t);
  const requests: Record<string, unknown>[] = [];
  for (const verb of ['prepare', 'unprepare'] as const) {
    await site.obey(verb, (request) => {
      requests.push(request);
      return [{ status: 'accepted' }, { status: 'done', result: { container: 'web' } }];
    });
  }
  const said = async (...words: string[]) => (await site.tagalong(...words)).output;
  t.is(await said('prepare', 'web', '--to', 'ap2', '--rate', '10MB'), 'ap2 is kept warm for web\n');
  t.is(await said('prepare', 'web', '--to', 'ap2', '--dry-run'), 'ap2 could be kept warm for web\n');
  t.is(await said('unprepare', 'web', '--to', 'ap2'), 'ap2 is no longer kept warm for web\n');
  t.is(await said('unprepare', 'web'), 'no node is kept warm for web\n');
  t.is(await said('unprepare', 'web', '--dry-run'), 'what is kept for web could be dropped\n');
  t.like(JSON.parse(await said('unprepare', 'web', '--json')), { status: 'done', verb: 'unprepare' });
  t.deepEqual(
    requests.map(({ id: _, ...request }) => request),
    [
      { container: 'web', to: 'ap2', rateBytesPerSecond: 10_000_000 },
      { container: 'web', to: 'ap2', dryRun: true },
      { container: 'web', to: 'ap2' },
      { container: 'web' },
      { container: 'web', dryRun: true },
      { container: 'web' },
    ],
  );
});

test('where nothing is kept, unprepare says so; where prepare lacks a node, it is wrong use', async (t) => {
  const site = await startTestSite(t);
  const error = new TagalongError('not-prepared', { container: 'web' }).report();
  await site.obey('unprepare', () => [{ status: 'rejected', error }]);
  const { exitCode, errors } = await site.tagalong('unprepare', 'web');
  t.is(exitCode, 3);
  t.regex(errors, /No node is kept warm for the container web\./);
  t.is((await site.tagalong('prepare', 'web')).exitCode, 2);
});
