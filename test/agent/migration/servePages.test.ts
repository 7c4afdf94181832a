import test from 'ava';
import type { Settled } from '../../../agent/migration/rules.ts';
import { servePages } from '../../../agent/migration/servePages.ts';

function room(answers: (Settled | Error)[]) {
  const released = Promise.withResolvers<void>();
  let begun = 0;
  let asked = 0;
  const stopping = new AbortController();
  const ask = async () => {
    const answer = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    if (answer instanceof Error || answer === undefined) throw answer;
    return answer;
  };
  const begin = () => {
    begun += 1;
  };
  const supply = { begin, released: released.promise };
  return {
    serving: servePages(supply, ask, stopping.signal, 5),
    release: released.resolve,
    stopping,
    begun: () => begun,
    asked: () => asked,
  };
}

test('pages are served until the destination has them, however often it says that it has the container', async (t) => {
  const { serving, release, begun, asked } = room(['committed']);
  while (asked() < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  release();
  t.is(await serving, 'released');
  t.is(begun(), 1);
});

test('a destination that does not answer is asked again; one that knows of nothing has lost it', async (t) => {
  const { serving, asked } = room([new Error('no route'), new Error('no route'), 'committed', 'aborted']);
  t.is(await serving, 'lost there');
  t.is(asked(), 4);
});

test('it ends when the agent stops, also while it asks', async (t) => {
  const { serving, stopping } = room([new Error('no route')]);
  stopping.abort(new Error('the agent stops'));
  await t.throwsAsync(serving, { message: 'the agent stops' });
});
