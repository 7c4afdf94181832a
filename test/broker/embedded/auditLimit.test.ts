import test from 'ava';
import { auditBurst, makeAuditLimit } from '../../../broker/embedded/auditLimit.ts';

test('a flood is told at its beginning, then now and then, with how much was passed over', (t) => {
  const limit = makeAuditLimit();
  const flood = Array.from({ length: 1000 }, () => limit.admit('ap1', 0));
  t.is(flood.filter((passedOver) => passedOver !== undefined).length, auditBurst);
  t.is(limit.admit('ap2', 0), 0, 'another user has an allowance of its own');
  t.is(limit.admit('ap1', 1000), 1000 - auditBurst);
  t.is(limit.admit('ap1', 1000), 0);
});

test('what was not used does not add up', (t) => {
  const limit = makeAuditLimit();
  limit.admit('ap1', 0);
  const later = Array.from({ length: 100 }, () => limit.admit('ap1', 3_600_000));
  t.is(later.filter((passedOver) => passedOver !== undefined).length, auditBurst);
});
