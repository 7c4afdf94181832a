import test from 'ava';
import { makeAnswers } from '../../../agent/requests/answers.ts';

test('the same request is known again whatever the order of its fields, and gets its last answer', (t) => {
  const answers = makeAnswers();
  t.deepEqual(answers.meet('a', 'migrate', { container: 'web', to: 'ap2' }), { kind: 'new' });
  t.deepEqual(answers.meet('a', 'migrate', { to: 'ap2', container: 'web' }), { kind: 'same', last: undefined });
  const answer = { id: 'a', verb: 'migrate', status: 'accepted', node: 'ap1', at: new Date().toISOString() } as const;
  answers.note(answer);
  t.deepEqual(answers.meet('a', 'migrate', { container: 'web', to: 'ap2' }), { kind: 'same', last: answer });
});

test('the same id for another request or another verb is told', (t) => {
  const answers = makeAnswers();
  answers.meet('a', 'pin', { container: 'web' });
  t.deepEqual(answers.meet('a', 'pin', { container: 'db' }), { kind: 'different' });
  t.deepEqual(answers.meet('a', 'unpin', { container: 'web' }), { kind: 'different' });
});

test('a request that another node obeyed stays its own, also when the container has come here', (t) => {
  const answers = makeAnswers();
  const request = { container: 'web', to: 'ap2' };
  t.deepEqual(answers.meet('a', 'migrate', request, 'elsewhere'), { kind: 'new' });
  t.deepEqual(answers.meet('a', 'migrate', request, 'mine'), { kind: 'elsewhere' });
  t.deepEqual(answers.meet('a', 'migrate', { ...request, to: 'ap3' }, 'mine'), { kind: 'different' });
});

test('a request that nobody had to obey may find its node when it is repeated', (t) => {
  const answers = makeAnswers();
  t.deepEqual(answers.meet('a', 'pin', { container: 'web' }, 'unclaimed'), { kind: 'new' });
  t.deepEqual(answers.meet('a', 'pin', { container: 'web' }, 'mine'), { kind: 'new' });
});

test('answers are forgotten after a day', (t) => {
  let now = 0;
  const answers = makeAnswers(() => now);
  answers.meet('a', 'pin', { container: 'web' });
  now = 25 * 3600 * 1000;
  t.deepEqual(answers.meet('a', 'pin', { container: 'db' }), { kind: 'new' });
});
