import test from 'ava';
import { AnsweredError } from '../../../../cli/answeredError.ts';
import { startEcho } from './support/echo.ts';
import { containersAt, leftoversAt } from './support/leftovers.ts';
import { openSite, project } from './support/site.ts';
import { putBack, standInForRunc } from './support/standIn.ts';

/** What the images of a container are made to be after CRIU wrote them, and what is said of it. */
const spoilings = [
  { how: 'truncated', problem: /core-\d+\.img .*(cut off|of \d+)/ },
  { how: 'flipped', problem: /core-\d+\.img / },
  { how: 'version', problem: /inventory\.img .*version/ },
  { how: 'path', problem: /files\.img .*shadow/ },
];

/** Runs before CRIU says that its images are there. */
const spoil = `${project}/node_modules/node/bin/node ${project}/test/agent/migration/workloads/support/spoilImages.ts`;
const spoilingRunc = standInForRunc(
  'checkpoint',
  'gate/criu.sh',
  `s|post-dump) |post-dump) ${spoil} $(cat /srv/how) $images; |`,
);

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
  await site.sh('ap1', putBack('runc'));
  t.like(await site.migrate('echo', 'ap2'), { phase: 'completed', generation: 2 });
  await echo.answers();
});
