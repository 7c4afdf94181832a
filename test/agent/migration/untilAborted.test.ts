import test from 'ava';
import { untilAborted } from '../../../agent/migration/untilAborted.ts';

test('it is as the promise, or as the signal, whichever is first', async (t) => {
  const never = new Promise<never>(() => undefined);
  t.is(await untilAborted(Promise.resolve(5), new AbortController().signal), 5);
  await t.throwsAsync(untilAborted(Promise.reject(new Error('no')), new AbortController().signal), { message: 'no' });
  await t.throwsAsync(untilAborted(never, AbortSignal.abort(new Error('before'))), { message: 'before' });
  const later = new AbortController();
  const waiting = untilAborted(never, later.signal);
  later.abort(new Error('later'));
  await t.throwsAsync(waiting, { message: 'later' });
});
