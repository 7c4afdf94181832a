import test from 'ava';
import { openAccount } from '../../../agent/migration/account.ts';
import { migrationSchema } from '../../../broker/contract/documents.ts';

test('durations, bytes and times of a migration add up', (t) => {
  let nowMs = 0;
  const associatedAt = new Date(500).toISOString();
  const account = openAccount(
    {
      id: 'm1',
      container: 'web',
      generation: 2,
      from: 'ap1',
      to: 'ap2',
      technique: 'cold',
      techniqueReason: 'because',
      estimate: { technique: 'cold', downtimeMs: 50, totalMs: 90, sentBytes: 1000 },
      request: { container: 'web', to: 'ap2', trigger: 'follow-user', reasons: ['client-moved'], associatedAt },
    },
    { wall: () => new Date(1000 + nowMs), monotonic: () => nowMs },
  );
  nowMs = 10;
  account.enter('copying');
  account.sent(1000);
  nowMs = 40;
  account.enter('restoring');
  account.sent(5);
  nowMs = 100;
  account.committed(60);
  account.enter('completed');
  const document = migrationSchema.parse(account.document());
  t.is(document.sentBytes, 1005);
  t.is(document.totalMs, 100);
  t.is(document.downtimeMs, 60);
  t.is(document.followMs, 600);
  t.deepEqual(
    document.phases.map(({ phase, durationMs, sentBytes }) => [phase, durationMs, sentBytes]),
    [
      ['accepted', 10, 0],
      ['copying', 30, 1000],
      ['restoring', 60, 5],
      ['completed', undefined, 0],
    ],
  );
});
