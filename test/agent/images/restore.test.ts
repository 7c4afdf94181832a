import test from 'ava';
import { labDown } from '../../../provisioning/lab/down.ts';
import { labRun } from '../../../provisioning/lab/exec.ts';
import { labUp } from '../../../provisioning/lab/up.ts';

const support = '/opt/tagalong/test/agent/images/support';

const script = `set -eu
# without sockets: runC leaves the loopback device of a restored container down
sh ${support}/checkpoint.sh ${support} /run/menagerie files,events,memory,processes >/dev/null 2>&1
cd /run/menagerie
/opt/tagalong/node_modules/node/bin/node ${support}/rewrite.ts /run/menagerie/images /run/menagerie/child
runc restore -d --file-locks --image-path /run/menagerie/child --work-path /run/menagerie/work \\
  --bundle /run/menagerie/bundle menagerie </dev/null >/dev/null 2>&1 || { grep Error work/restore.log; exit 1; }
sleep 0.5
runc ps --format json menagerie | jq length
[ "$(cat child/pages-*.img | wc -c)" -lt "$(cat images/pages-*.img | wc -c)" ] && echo 'less is here'
runc delete -f menagerie`;

test('a real CRIU restores images that were written here, with half of the memory in a parent', async (t) => {
  t.timeout(120_000);
  const name = `t${process.pid}-rewritten`;
  t.teardown(() => labDown({ name }));
  await labUp({ name, accessPoints: 0, nodes: 1, stations: 0, controller: false, agents: false });
  const { stdout } = await labRun({ name, member: 'node1', command: ['sh', '-c', script], timeoutMs: 90_000 });
  // the first process, its child, and Perl; one is dead
  t.deepEqual(stdout.trim().split('\n'), ['3', 'less is here']);
});
