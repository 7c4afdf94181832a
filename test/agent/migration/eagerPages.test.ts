import test from 'ava';
import { eagerPages } from '../../../agent/migration/eagerPages.ts';

const run = (page: number, count: number, pid = 1) => ({ pid, page, count });
const all = () => true;

test('small runs come before large ones, until there is no room', (t) => {
  const candidates = [run(0, 50), run(100, 3), run(200, 2, 2), run(300, 6)];
  t.deepEqual(eagerPages(candidates, all, [], 11), [run(100, 3), run(300, 6), run(200, 2, 2)]);
  t.deepEqual(eagerPages(candidates, all, [], 10), [run(100, 3), run(200, 2, 2)]);
  t.deepEqual(eagerPages(candidates, all, [], 0), []);
  t.deepEqual(eagerPages(candidates, all, [], 1000), [run(0, 50), run(100, 3), run(300, 6), run(200, 2, 2)]);
});

test('what is told to be needed comes first, as far as it can come later at all', (t) => {
  const candidates = [run(0, 50), run(100, 3)];
  t.deepEqual(eagerPages(candidates, all, [run(48, 4), run(7, 1), run(7, 1, 2)], 5), [run(7, 1), run(48, 2)]);
  t.deepEqual(eagerPages(candidates, all, [run(10, 20)], 5), [run(10, 5)]);
});

test('a page that is not here as it was is not among them', (t) => {
  const isHere = (_pid: number, page: number) => page !== 101 && page !== 5;
  t.deepEqual(eagerPages([run(0, 50), run(100, 3)], isHere, [run(4, 3)], 5), [
    run(4, 1),
    run(6, 1),
    run(100, 1),
    run(102, 1),
  ]);
});

test('no page is counted twice', (t) => {
  t.deepEqual(eagerPages([run(100, 3), run(200, 3)], all, [run(101, 1), run(101, 1)], 6), [run(100, 3), run(200, 3)]);
});
