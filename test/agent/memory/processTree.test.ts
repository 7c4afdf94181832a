import test from 'ava';
import { parseStatus, processTree } from '../../../agent/memory/processTree.ts';
import { startChild } from './support/child.ts';

const status = `Name:	odd NSpid:	9
Umask:	0022
Pid:	4711
PPid:	4700
NStgid:	4711	12	3
NSpid:	4711	12	3
NSpgid:	4711	12	2
NSsid:	4700	1	0
`;

test('the numbers are those of the innermost namespace, the parent that of this node', (t) => {
  t.deepEqual(parseStatus(status, 4711), { hostPid: 4711, pid: 3, pgid: 2, sid: 0, hostParent: 4700 });
  t.deepEqual(parseStatus('', 5), { hostPid: 5, pid: 0, pgid: 0, sid: 0, hostParent: 0 });
});

test('parents come before children, whatever the order; those that have ended are left out', async (t) => {
  const child = await startChild(t, 1);
  const gone = await startChild(t, 1);
  await gone.stop('SIGKILL');
  const tree = processTree([gone.pid, child.pid, process.pid]);
  t.deepEqual(
    tree.map(({ pid, ppid }) => [pid, ppid]),
    [
      [process.pid, 0],
      [child.pid, process.pid],
    ],
  );
  t.is(tree[1]?.sid, tree[0]?.sid);
});

test('without its parent a process is a root', async (t) => {
  const child = await startChild(t, 1);
  t.deepEqual(
    processTree([child.pid]).map(({ ppid }) => ppid),
    [0],
  );
});
