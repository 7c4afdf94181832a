import test from 'ava';
import { parseAnswer } from '../../../bench/workload/protocol.ts';

test('each answer of the workload is read', (t) => {
  t.deepEqual(parseAnswer('H ab12 256'), { kind: 'hello', incarnation: 'ab12', pages: 256 });
  t.deepEqual(parseAnswer('A 17 16 1100'), { kind: 'answer', number: 17, received: 16, worstGapUs: 1100 });
  t.deepEqual(parseAnswer('E 3'), { kind: 'epoch', id: '3' });
  t.deepEqual(parseAnswer('C 4 50'), { kind: 'changed', id: '4', pages: 50 });
  t.deepEqual(parseAnswer('V 2 1 -2 50 878 196'), {
    kind: 'memory',
    id: '2',
    damagedPages: 1,
    lostRewrites: -2,
    changedPages: 50,
    rewrittenPages: 878,
    received: 196,
  });
});

test('what is not of the protocol is unknown', (t) => {
  for (const line of ['', 'A', 'A 17', 'A 17 x 3', 'V 2 1 0 50 878', 'X not a line', 'H ab12']) {
    t.deepEqual(parseAnswer(line), { kind: 'unknown', line });
  }
});
