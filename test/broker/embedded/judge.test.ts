import test from 'ava';
import { judgePublication } from '../../../broker/embedded/judge.ts';
import type { Identity } from '../../../broker/embedded/users.ts';

const root = 'tagalong/v1/default';
const state = JSON.stringify({ status: 'online', session: 's', at: '2026-01-02T03:04:05Z' });
const ap1: Identity = { user: 'ap1', role: 'node' };
const alice: Identity = { user: 'alice', role: 'operator' };

function judge(identity: Identity, topic: string, text: string, retain = false, oversizeBytes?: number) {
  const oversize = oversizeBytes === undefined ? {} : { oversizeBytes };
  const publication = { topic: `${root}/${topic}`, payload: Buffer.from(text), retain, ...oversize };
  return judgePublication('default', identity, publication, 1000);
}

test('a document that fits goes on as it is, and so does clearing it', (t) => {
  t.deepEqual(judge(ap1, 'node/ap1/state', state, true), { allowed: true, retain: true });
  t.deepEqual(judge(ap1, 'node/ap1/state', '', true), { allowed: true, retain: true });
});

test('the field of a document that does not fit is named', (t) => {
  t.like(judge(ap1, 'node/ap1/state', '{"status":"asleep"}', true), { allowed: false });
  const verdict = judge(ap1, 'node/ap1/state', state.replace('online', 'asleep'), true);
  t.regex(verdict.allowed ? '' : verdict.reason, /^malformed: status: /);
});

test('what is not retained by contract loses the flag, and a retained request is dropped', (t) => {
  const at = '2026-01-02T03:04:05Z';
  const response = JSON.stringify({ id: 'r', verb: 'pin', status: 'done', node: 'ap1', at });
  t.deepEqual(judge(ap1, 'response/pin/r', response, true), { allowed: true, retain: false });
  const verdict = judge(alice, 'request/pin', '{"container":"web"}', true);
  t.regex(verdict.allowed ? '' : verdict.reason, /^retained-request: /);
});

test('a malformed request goes on, for an agent to answer', (t) => {
  t.deepEqual(judge(alice, 'request/pin', '{nonsense'), { allowed: true, retain: false });
});

test('foreign topics, topics outside of the contract and oversized messages are refused with their codes', (t) => {
  const reasonOf = (verdict: ReturnType<typeof judge>) => (verdict.allowed ? '' : verdict.reason);
  t.regex(reasonOf(judge(ap1, 'node/ap2/state', state)), /^not-permitted: .*ap1.*node\/ap2\/state/);
  t.regex(reasonOf(judge(ap1, 'request/pin', '{}')), /^not-permitted: /);
  t.regex(reasonOf(judge(alice, 'nonsense', '{}')), /^not-permitted: /);
  t.regex(reasonOf(judge(alice, 'request/pin', 'x', false, 5000)), /^payload-too-large: .*5000.*1000/);
});
