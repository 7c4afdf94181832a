import test from 'ava';
import { labRun } from '../../../provisioning/lab/exec.ts';
import { labUp } from '../../../provisioning/lab/up.ts';
import { labName } from './machine.ts';

const script = `set -e
mkdir -p /var/lib/tagalong/bundle/rootfs/bin /var/lib/tagalong/bundle/rootfs/proc /var/lib/tagalong/bundle/rootfs/sys
cd /var/lib/tagalong/bundle
mkdir -p rootfs/dev
cp /bin/busybox rootfs/bin/
runc spec
jq '.process.terminal = false | .root.readonly = false
  | .process.args = ["/bin/busybox", "sh", "-c", "n=0; while :; do n=$((n+1)); echo $n >/count; /bin/busybox sleep 0.02; done"]' \\
  config.json >new.json
mv new.json config.json
runc run -d c1 </dev/null >/dev/null 2>&1
while [ ! -s rootfs/count ]; do sleep 0.01; done
runc checkpoint --image-path /run/image c1
before=$(cat rootfs/count)
runc restore -d --image-path /run/image c1 </dev/null >/dev/null 2>&1
while [ "$(cat rootfs/count)" -le "$before" ]; do sleep 0.01; done
runc list -q
runc delete -f c1`;

for (const cgroup of ['v1', 'v2'] as const) {
  test(`a node with control groups ${cgroup} checkpoints and restores a container`, async (t) => {
    const name = labName(t, cgroup);
    try {
      await labUp({ name, accessPoints: 0, nodes: 1, stations: 0, controller: false, agents: false, cgroup });
    } catch (error) {
      // a machine that runs on version 2 alone cannot give a node version 1, and says so
      t.regex(String(error), cgroup === 'v1' ? /no control groups of version 1/ : /never/);
      return;
    }
    const { stdout } = await labRun({ name, member: 'node1', command: ['sh', '-c', script], timeoutMs: 60_000 });
    t.is(stdout.trim(), 'c1');
  });
}
