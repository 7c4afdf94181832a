import test from 'ava';
import { AnsweredError } from '../../../../cli/answeredError.ts';
import { startEcho } from './support/echo.ts';
import { containersAt, leftoversAt } from './support/leftovers.ts';
import { openSite, project } from './support/site.ts';

/** What the images of a container are made to be after CRIU wrote them, and what is said of it. */
const spoilings = [
  { how: 'truncated', problem: /core-\d+\.img .*(cut off|of \d+)/ },
  { how: 'flipped', problem: /core-\d+\.img / },
  { how: 'version', problem: /inventory\.img .*version/ },
  { how: 'path', problem: /files\.img .*shadow/ },
];

/** A runC that has CRIU run our script before it says that its images are there. */
const spoilingRunc = `mv $(command -v runc) /usr/sbin/runc.real
cat >/usr/sbin/runc <<'END'
#!/bin/sh
case " $* " in *" checkpoint "*)
  images=
  for word; do [ "$before" = --image-path ] && images=$word; before=$word; done
  spoil="${project}/node_modules/node/bin/node ${project}/test/agent/migration/workloads/support/spoilImages.ts"
  sed -i "s|post-dump) |post-dump) $spoil $(cat /srv/how) $images; |" "\${images%/images}/gate/criu.sh" ;;
esac
exec /usr/sbin/runc.real "$@"
END
chmod 755 /usr/sbin/runc`;

test.serial('images that cannot be right are refused by name, and the container runs on at its source', async (t) => {
  t.timeout(180_000);
  const site = await openSite(t, 'bad');
  const echo = await startEcho(t, site, 'echo', 'ap1');
  await site.sh('ap1', spoilingRunc);
  for (const { how, problem } of spoilings) {
    await site.sh('ap1', `echo ${how} >/srv/how`);
    const error = await t.throwsAsync(site.migrate('echo', 'ap2'), { instanceOf: AnsweredError }, how);
    t.is(error?.reported.code, 'bad-image', how);
    t.regex(error?.reported.message ?? '', problem);
    await echo.answers();
    t.like(await site.describe('echo'), { node: 'ap1', status: 'running', generation: 1 });
    t.deepEqual(await containersAt(site, 'ap1'), ['echo']);
    t.deepEqual(await leftoversAt(site, 'ap2', 'echo'), []);
  }
  await site.sh('ap1', 'mv /usr/sbin/runc.real /usr/sbin/runc');
  t.like(await site.migrate('echo', 'ap2'), { phase: 'completed', generation: 2 });
  await echo.answers();
});
