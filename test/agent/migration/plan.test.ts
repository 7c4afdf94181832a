import test from 'ava';
import { phaseTable } from '../../../agent/migration/phases.ts';
import { leavesPagesBehind, planMigration, type StepKind, techniqueTable } from '../../../agent/migration/plan.ts';
import { migrationPhaseSchema, techniqueSchema } from '../../../broker/contract/documents.ts';

const kindsOf = (technique: keyof typeof techniqueTable, lacksImage: boolean): StepKind[] =>
  planMigration({ technique, imageDigest: 'sha256-x', lacksImage }).map(({ kind }) => kind);

const before: StepKind[] = ['open-destination', 'stage-image', 'stage-files'];
const frozen: StepKind[] = ['freeze', 'dump', 'switch-over', 'commit'];
const expected: Record<keyof typeof techniqueTable, StepKind[]> = {
  cold: [...before, 'make-ready', ...frozen, 'clean-up'],
  'pre-copy': [...before, 'send-rounds', 'make-ready', 'last-rounds', ...frozen, 'clean-up'],
  'post-copy': [...before, 'make-ready', ...frozen, 'serve-pages', 'clean-up'],
  hybrid: [...before, 'send-rounds', 'make-ready', 'last-rounds', ...frozen, 'serve-pages', 'clean-up'],
};

test('every technique of the contract has its plan', (t) => {
  t.deepEqual(Object.keys(expected).sort(), [...techniqueSchema.options].sort());
  t.deepEqual(Object.keys(techniqueTable).sort(), [...techniqueSchema.options].sort());
});

for (const technique of techniqueSchema.options) {
  test(`${technique}: all that can be done before the freeze stands before it`, (t) => {
    t.deepEqual(kindsOf(technique, true), expected[technique]);
  });

  test(`${technique}: an image that is there is not sent`, (t) => {
    t.deepEqual(
      kindsOf(technique, false),
      expected[technique].filter((kind) => kind !== 'stage-image'),
    );
  });

  test(`${technique}: phases never go back, one commit, and nothing after it can be cancelled`, (t) => {
    const steps = planMigration({ technique, imageDigest: 'sha256-x', lacksImage: true });
    const order = Object.keys(phaseTable);
    const phases = steps.map(({ phase }) => order.indexOf(phase));
    t.deepEqual(
      phases,
      phases.toSorted((a, b) => a - b),
    );
    t.is(steps.filter(({ kind }) => kind === 'commit').length, 1);
    const commit = steps.findIndex(({ kind }) => kind === 'commit');
    for (const [index, { phase }] of steps.entries()) t.is(phaseTable[phase].cancellable, index <= commit, phase);
    t.is(
      steps.some(({ kind }) => kind === 'serve-pages'),
      leavesPagesBehind(technique),
    );
  });
}

test('every phase of the contract is in the table, and only ends are ends', (t) => {
  t.deepEqual(Object.keys(phaseTable).sort(), [...migrationPhaseSchema.options].sort());
  for (const [phase, { cancellable, end }] of Object.entries(phaseTable)) {
    t.is(end, ['completed', 'failed', 'cancelled'].includes(phase));
    if (end) t.false(cancellable);
  }
});
