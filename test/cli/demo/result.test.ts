import test from 'ava';
import type { MessageOf } from '../../../broker/contract/topics.ts';
import type { ClientReport } from '../../../cli/demo/client.ts';
import { demoMigration, faultsOf } from '../../../cli/demo/result.ts';
import { demoMoves } from '../../../cli/demo/scenario.ts';

const migration: MessageOf<'nodeMigrationEvent'> = {
  id: 'm1',
  container: 'demo',
  generation: 1,
  from: 'ap1',
  to: 'ap2',
  technique: 'cold',
  techniqueReason: 'the only one',
  trigger: 'follow-user',
  reasons: ['client-moved'],
  phase: 'completed',
  at: '2026-01-01T00:00:03Z',
  startedAt: '2026-01-01T00:00:01Z',
  associatedAt: '2026-01-01T00:00:00.500Z',
  committedAt: '2026-01-01T00:00:02.250Z',
  phases: [],
  progress: { sentBytes: 10 },
  downtimeMs: 123.456,
  totalMs: 1500,
  sentBytes: 4711,
};

const seen: ClientReport = {
  sent: 100,
  answered: 100,
  lost: 0,
  duplicated: 0,
  longestSilenceMs: 234.56,
  silenceStartedAtMs: 0,
  connectionSurvived: true,
  memoryIntact: true,
  filesIntact: true,
  memoryBytes: 64,
  journalLines: 5,
};

const roam = { cause: 'roam', from: 'ap1', to: 'ap2' } as const;

test('a result holds exactly the fields that programs are promised', (t) => {
  t.deepEqual(demoMigration(migration, seen), {
    id: 'm1',
    container: 'demo',
    from: 'ap1',
    to: 'ap2',
    technique: 'cold',
    trigger: 'follow-user',
    followMs: 1750,
    clientGapMs: 234.6,
    downtimeMs: 123.5,
    totalMs: 1500,
    sentBytes: 4711,
    connectionSurvived: true,
    lostMessages: 0,
    duplicatedMessages: 0,
    memoryIntact: true,
    filesIntact: true,
  });
});

test('a right migration has no faults', (t) => {
  t.deepEqual(faultsOf(roam, migration, demoMigration(migration, seen)), []);
});

const wrongReports: Partial<ClientReport>[] = [
  { lost: 1 },
  { duplicated: 1 },
  { connectionSurvived: false },
  { memoryIntact: false },
  { filesIntact: false },
];
for (const wrong of wrongReports) {
  test(`${JSON.stringify(wrong)} at the client is a fault`, (t) => {
    t.is(faultsOf(roam, migration, demoMigration(migration, { ...seen, ...wrong })).length, 1);
  });
}

const wrongMigrations: Partial<typeof migration>[] = [
  { phase: 'failed' },
  { to: 'ap3' },
  { trigger: 'manual' },
  { totalMs: undefined } as unknown as Partial<typeof migration>,
  { associatedAt: undefined } as unknown as Partial<typeof migration>,
];
for (const wrong of wrongMigrations) {
  test(`${Object.keys(wrong)[0]} ${Object.values(wrong)[0]} of the migration is a fault`, (t) => {
    const other = { ...migration, ...wrong };
    t.is(faultsOf(roam, other, demoMigration(other, seen)).length, 1);
  });
}

test('there and back as often as asked, then once by hand', (t) => {
  const moves = demoMoves(2, ['ap1', 'ap2']).map(({ cause, from, to }) => `${cause} ${from} ${to}`);
  t.deepEqual(moves, ['roam ap1 ap2', 'roam ap2 ap1', 'roam ap1 ap2', 'roam ap2 ap1', 'hand ap1 ap2']);
});
