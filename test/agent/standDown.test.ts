import test from 'ava';
import fc from 'fast-check';
import { isOvertaken } from '../../agent/standDown.ts';

const running = { generation: 3, status: 'running' as const, handOver: undefined, arrival: undefined };
const own = { node: 'ap1', isMoving: false };

test('what another node has with a higher generation must not run here', (t) => {
  t.true(isOvertaken(running, { node: 'ap2', generation: 4 }, own));
  t.false(isOvertaken(running, undefined, own));
});

test('the node with the highest generation is never overtaken, whatever else is said', (t) => {
  fc.assert(
    fc.property(fc.nat(9), fc.nat(9), fc.constantFrom('ap1', 'ap2'), (generation, other, node) => {
      const overtaken = isOvertaken({ ...running, generation }, { node, generation: other }, own);
      t.is(overtaken, node !== 'ap1' && other > generation);
    }),
  );
});

test('a move of our own brings the higher generation about', (t) => {
  const there = { node: 'ap2', generation: 4 };
  t.false(isOvertaken(running, there, { ...own, isMoving: true }));
  const handOver = { migration: 'm1', to: 'ap2', generation: 4 };
  t.false(isOvertaken({ ...running, handOver }, there, own));
  t.false(isOvertaken({ ...running, arrival: 'm1' }, there, own));
  t.false(isOvertaken({ ...running, status: 'frozen' }, there, own));
});
