import test from 'ava';
import { chooseMode, hierarchiesOf, joinedBy, mountList } from '../../../provisioning/lab/cgroups.ts';

const hybrid = `tmpfs /sys/fs/cgroup tmpfs ro,nosuid,nodev,noexec,mode=755 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid,nodev,noexec,relatime 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,nosuid,nodev,noexec,relatime,xattr,name=systemd 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,nodev,noexec,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/freezer cgroup rw,relatime,freezer 0 0
`;
const unified = 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate,memory_recursiveprot 0 0\n';
const onlySystemd = `cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0\n${unified}`;

test('version 1 hierarchies are mounted in members as they are here', (t) => {
  t.is(mountList(hierarchiesOf(hybrid)), 'none,name=systemd:systemd cpu,cpuacct:cpu,cpuacct freezer:freezer');
  t.is(mountList(hierarchiesOf(unified)), '');
});

test('auto takes version 1 only where it has controllers', (t) => {
  t.is(chooseMode('auto', hierarchiesOf(hybrid), 'x'), 'v1');
  t.is(chooseMode('v2', hierarchiesOf(hybrid), 'x'), 'v2');
  t.is(chooseMode('auto', hierarchiesOf(unified), 'x'), 'v2');
  t.is(chooseMode('auto', hierarchiesOf(onlySystemd), 'x'), 'v2');
  t.throws(() => chooseMode('v1', hierarchiesOf(unified), 'x'), { code: 'lab-failed' });
  t.throws(() => chooseMode('auto', [], 'x'), { code: 'lab-failed' });
});

test('a process joins every hierarchy, in version 2 a leaf', (t) => {
  t.deepEqual(joinedBy(hierarchiesOf(unified), 'v2', 'x', 'ap1'), ['/sys/fs/cgroup/tagalong-lab/x/ap1/init']);
  t.true(joinedBy(hierarchiesOf(hybrid), 'v1', 'x', 'ap1').includes('/sys/fs/cgroup/unified/tagalong-lab/x/ap1'));
});
