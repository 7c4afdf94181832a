import test from 'ava';
import { TagalongError } from '../../broker/contract/errors.ts';
import { startTestSite } from './support/site.ts';

test('resolve sends what is decided', async (t) => {
  const site = await startTestSite(t);
  const requests: Record<string, unknown>[] = [];
  await site.obey('resolve', (request) => {
    requests.push(request);
    return [{ status: 'done', result: { container: 'web' } }];
  });
  const said = async (...words: string[]) => (await site.tagalong('resolve', 'web', '--node', 'ap1', ...words)).output;
  t.is(await said('--here'), 'web goes on at ap1\n');
  t.is(await said('--there'), 'ap1 gives web up\n');
  t.is(await said('--there', '--dry-run'), 'web stands still on ap1 and can be decided for\n');
  t.like(JSON.parse(await said('--here', '--json')), { status: 'done', verb: 'resolve' });
  t.deepEqual(
    requests.map(({ id: _, ...request }) => request),
    [
      { container: 'web', node: 'ap1', keep: 'here' },
      { container: 'web', node: 'ap1', keep: 'there' },
      { container: 'web', node: 'ap1', keep: 'there', dryRun: true },
      { container: 'web', node: 'ap1', keep: 'here' },
    ],
  );
});

test('resolve wants one decision, and says where there is nothing to decide', async (t) => {
  const site = await startTestSite(t);
  const error = new TagalongError('not-in-doubt', { container: 'web' }).report();
  await site.obey('resolve', () => [{ status: 'rejected', error }]);
  t.is((await site.tagalong('resolve', 'web', '--node', 'ap1', '--here')).exitCode, 3);
  for (const words of [[], ['--here', '--there']]) {
    const { exitCode, errors } = await site.tagalong('resolve', 'web', '--node', 'ap1', ...words);
    t.is(exitCode, 2);
    t.regex(errors, /say either --here or --there/i);
  }
});
