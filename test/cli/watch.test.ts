import test from 'ava';
import type { MessageOf } from '../../broker/contract/topics.ts';
import { watchLine } from '../../cli/watch.ts';

const at = '2026-01-01T00:00:00Z';

test('a decision with its reasons, made harmless for a terminal', (t) => {
  const decision: MessageOf<'decision'> = {
    id: 'd1',
    at,
    policy: 'follow-user',
    container: 'web',
    verdict: 'hold',
    to: 'ap2',
    reasons: ['cooldown'],
    explanation: 'It moved \u001b[2Ja moment ago.',
    candidates: [],
    inputs: {},
  };
  t.deepEqual(watchLine('decision', decision, {}), {
    text: 'follow-user: hold web to ap2: It moved ?[2Ja moment ago. [cooldown]',
    meaning: 'caution',
  });
});

test('associations and nodes', (t) => {
  const event = { mac: '02-00-00-00-00-01', node: 'ap1', session: 's', sequence: 1, interface: 'wlan0', at };
  t.is(
    watchLine('nodeClientEvent', { ...event, event: 'associated' }, {}).text,
    `client ${event.mac} associated with ap1`,
  );
  t.is(watchLine('nodeClientEvent', { ...event, event: 'disassociated' }, {}).text, `client ${event.mac} left ap1`);
  const state = { status: 'offline', session: 's', reason: 'lost', at } as const;
  t.deepEqual(watchLine('nodeState', state, { node: 'ap1' }), { text: 'node ap1 is offline: lost', meaning: 'bad' });
});
