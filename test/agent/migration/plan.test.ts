import test from 'ava';
import { phaseTable } from '../../../agent/migration/phases.ts';
import { chooseTechnique, planMigration } from '../../../agent/migration/plan.ts';

test('all that can be done before the freeze stands before it, and the commit comes after the restore', (t) => {
  const kinds = planMigration({ technique: 'cold', imageDigest: 'sha256-x', lacksImage: true }).map(
    (step) => step.kind,
  );
  t.deepEqual(kinds, [
    'open-destination',
    'stage-image',
    'stage-files',
    'make-ready',
    'freeze',
    'dump',
    'switch-over',
    'commit',
    'clean-up',
  ]);
});

test('an image that is there is not sent', (t) => {
  const kinds = planMigration({ technique: 'cold', imageDigest: 'sha256-x', lacksImage: false }).map(
    (step) => step.kind,
  );
  t.false(kinds.includes('stage-image'));
});

test('the phases of a plan never go back', (t) => {
  const order = Object.keys(phaseTable);
  const phases = planMigration({ technique: 'cold', imageDigest: 'sha256-x', lacksImage: true }).map((step) =>
    order.indexOf(step.phase),
  );
  t.deepEqual(
    phases,
    phases.toSorted((a, b) => a - b),
  );
});

test('the choice of a technique gives its reason', (t) => {
  t.deepEqual(chooseTechnique('cold'), { technique: 'cold', reason: 'asked for by the request' });
  t.is(chooseTechnique('auto').technique, 'cold');
});
