import test from 'ava';
import { limited } from '../../../bench/measure/limit.ts';

const never = () => new Promise<never>(() => undefined);

test('what comes in time is handed on', async (t) => {
  t.is(await limited(Promise.resolve(3), 60_000, 'it', new AbortController().signal), 3);
});

test('what does not come is an error that says what did not come', async (t) => {
  const error = await t.throwsAsync(limited(never(), 5, 'the move', new AbortController().signal));
  t.like(error, { code: 'command-failed' });
  t.regex(error?.message ?? '', /the move.*5 ms/);
});

test('an interruption ends the wait, also one from before', async (t) => {
  const interruption = new AbortController();
  const waiting = limited(never(), 60_000, 'it', interruption.signal);
  interruption.abort(new Error('interrupted'));
  await t.throwsAsync(waiting, { message: 'interrupted' });
  await t.throwsAsync(limited(never(), 60_000, 'it', interruption.signal), { message: 'interrupted' });
});
