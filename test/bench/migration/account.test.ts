import test from 'ava';
import { type Migration, movedBy } from '../../../bench/migration/account.ts';

const orderedAtMs = Date.parse('2030-01-01T00:00:00.000Z');
const at = (ms: number) => new Date(orderedAtMs + ms).toISOString();

function migration(given: Partial<Migration> = {}): Migration {
  return {
    id: 'one',
    container: 'bench',
    generation: 2,
    from: 'ap1',
    to: 'ap2',
    technique: 'cold',
    techniqueReason: 'small',
    trigger: 'manual',
    reasons: [],
    phase: 'completed',
    at: at(900),
    startedAt: at(10),
    committedAt: at(500),
    phases: [
      { phase: 'copying', startedAt: at(100), durationMs: 200, sentBytes: 10 },
      { phase: 'freezing', startedAt: at(300), durationMs: 50, sentBytes: 0 },
      { phase: 'completed', startedAt: at(900), sentBytes: 0 },
    ],
    progress: { sentBytes: 10 },
    downtimeMs: 150,
    sentBytes: 10,
    ...given,
  };
}

test('phases that have ended, the commit as the end, and nothing that the account does not say', (t) => {
  t.deepEqual(movedBy(migration(), orderedAtMs), {
    phasesMs: { copying: 200, freezing: 50 },
    phasesBytes: { copying: 10, freezing: 0 },
    technique: 'cold',
    techniqueReason: 'small',
    totalMs: 500,
    frozenMs: 150,
  });
});

test('memory that was sent ahead: from the start of copying to the freeze', (t) => {
  const rounds = [{ durationMs: 100, changedBytes: 5, sentBytes: 6 }];
  const moved = movedBy(migration({ technique: 'pre-copy', rounds, savedBytes: 7 }), orderedAtMs);
  t.like(moved, { rounds: 1, savedBytes: 7, ahead: { fromMs: orderedAtMs + 100, toMs: orderedAtMs + 300 } });
  t.is(movedBy(migration({ rounds: [] }), orderedAtMs).ahead, undefined);
});

test('a move whose memory follows behind ends when the last page has come', (t) => {
  const { phases } = migration();
  const lazy = { phase: 'lazy' as const, startedAt: at(520), durationMs: 3000, sentBytes: 99 };
  t.is(movedBy(migration({ phases: [...phases, lazy] }), orderedAtMs).totalMs, 3520);
});
