import test from 'ava';
import type { MessageOf } from '../../../broker/contract/topics.ts';
import { accountText, expectationLines, progressText } from '../../../cli/migration/texts.ts';

const at = '2026-01-01T00:00:00Z';
const migration: MessageOf<'nodeMigrationEvent'> = {
  id: 'm-1',
  container: 'web',
  generation: 2,
  from: 'ap1',
  to: 'ap2',
  technique: 'pre-copy',
  techniqueReason: 'it changes slowly',
  trigger: 'manual',
  reasons: [],
  phase: 'copying',
  at,
  startedAt: at,
  phases: [],
  progress: { sentBytes: 1024, totalBytes: 2048 },
  sentBytes: 2048,
};
const rounds = [
  { durationMs: 100, changedBytes: 4096, sentBytes: 4000 },
  { durationMs: 50, changedBytes: 1024, sentBytes: 1000 },
];
const estimate = { technique: 'pre-copy' as const, downtimeMs: 90, totalMs: 1200, sentBytes: 1 << 20 };

test('progress: the round while rounds go on, and that it runs there while its memory follows', (t) => {
  t.is(progressText(migration), 'web: ap1 -> ap2, copying, 1 KiB of 2 KiB');
  t.is(progressText({ ...migration, rounds }), 'web: ap1 -> ap2, copying, round 2: 1 KiB changed, 1 KiB of 2 KiB');
  t.is(progressText({ ...migration, rounds, phase: 'freezing' }), 'web: ap1 -> ap2, freezing, 1 KiB of 2 KiB');
  t.is(
    progressText({ ...migration, phase: 'lazy' }),
    'web: ap1 -> ap2, runs on ap2, its memory follows, 1 KiB of 2 KiB',
  );
});

test('the account: what was there already, the rounds, and what was expected beside what came of it', (t) => {
  const done = { ...migration, phase: 'completed' as const, downtimeMs: 120, totalMs: 1500 };
  t.is(
    accountText(done),
    'web moved from ap1 to ap2: frozen 120 ms, total 1.5 s, 2 KiB sent, pre-copy (it changes slowly)',
  );
  t.is(
    accountText({ ...done, rounds, savedBytes: 1 << 20, estimate }),
    `web moved from ap1 to ap2: frozen 120 ms, total 1.5 s, 2 KiB sent, 1 MiB were there already, 2 rounds ahead, pre-copy (it changes slowly)
expected: frozen 90 ms, total 1.2 s, 1 MiB sent`,
  );
});

test('the expectation of a dry run names what is known and nothing else', (t) => {
  const whole = {
    technique: 'pre-copy',
    techniqueReason: 'it \u001b[2Jchanges slowly',
    estimate,
    memoryBytes: 64 << 20,
    fileBytes: 0,
    lacksImage: true,
    more: 1,
  };
  t.deepEqual(expectationLines('web', 'ap2', whole), [
    'web could move to ap2',
    '  technique            pre-copy (it ?[2Jchanges slowly)',
    '  expected downtime    90 ms',
    '  expected total       1.2 s',
    '  expected to be sent  1 MiB',
    '  memory now           64 MiB',
    '  own files            0 B',
    '  image                ap2 lacks it',
  ]);
  t.deepEqual(expectationLines('web', 'ap2', {}), ['web could move to ap2']);
  t.deepEqual(expectationLines('web', 'ap2', { technique: 'by pigeon', lacksImage: false }), [
    'web could move to ap2',
    '  image  ap2 has it',
  ]);
});
