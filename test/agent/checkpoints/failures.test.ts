import test from 'ava';
import { labRestart } from '../../../provisioning/lab/exec.ts';
import { startEcho } from '../migration/workloads/support/echo.ts';
import { containersAt, leftoversAt } from '../migration/workloads/support/leftovers.ts';
import { openSite, type TestSite } from '../migration/workloads/support/site.ts';
import { putBack, standInForCriu } from '../migration/workloads/support/standIn.ts';
import { ask, refusalOf } from './support/asking.ts';

const file = '/var/lib/tagalong/echo.tar';

/** All files that a checkpoint may have left beside the one that it should write. */
const remains = (site: TestSite) =>
  site.sh('ap1', 'ls -A /var/lib/tagalong /run/tagalong/checkpoints | grep -e tmp -e echo || true');

test.serial('a checkpoint that CRIU cannot make leaves the container running and no file', async (t) => {
  t.timeout(120_000);
  const site = await openSite(t, 'fails');
  const echo = await startEcho(t, site, 'echo', 'ap1');
  await site.sh('ap1', standInForCriu('exit 1'));
  for (const leaveRunning of [true, false]) {
    t.is((await refusalOf(site, 'checkpoint', { container: 'echo', file, leaveRunning })).code, 'checkpoint-failed');
    await echo.answers();
    t.like(await site.describe('echo'), { node: 'ap1', status: 'running', generation: 1 });
    t.is(await remains(site), '');
  }
  await site.sh('ap1', putBack('criu'));
  t.like(await site.migrate('echo', 'ap2'), { phase: 'completed' });
  await echo.answers();
});

test.serial('what cannot be written is refused before the container is touched', async (t) => {
  t.timeout(120_000);
  const site = await openSite(t, 'nowhere');
  const echo = await startEcho(t, site, 'echo', 'ap1');
  await site.sh('ap1', `echo mine >${file}`);
  const container = 'echo';
  t.is((await refusalOf(site, 'checkpoint', { container, file })).code, 'file-exists');
  t.is(await site.sh('ap1', `cat ${file}`), 'mine');
  const nowhere = await refusalOf(site, 'checkpoint', { container, file: '/no/such/directory/echo.tar' });
  t.is(nowhere.code, 'malformed-request');
  t.regex(nowhere.message, /no directory \/no\/such\/directory on ap1/);
  t.is((await refusalOf(site, 'checkpoint', { container: 'other' })).code, 'unknown-container');
  await site.sh('ap1', 'mkdir /tmp/small && mount -t tmpfs -o size=1m tmpfs /tmp/small');
  t.is((await refusalOf(site, 'checkpoint', { container, file: '/tmp/small/x.tar' })).code, 'not-enough-disk');
  const dryRun = await ask(site, 'checkpoint', { container, file: '/tmp/echo.tar', dryRun: true });
  t.like(dryRun, { container, file: '/tmp/echo.tar', leaveRunning: false });
  t.is(await site.sh('ap1', 'ls /tmp/echo.tar 2>/dev/null || true'), '');
  await echo.answers();
  t.like(await site.describe('echo'), { status: 'running' });
});

test.serial(
  'while it is written nothing else is done with the container, and when the agent crashes it runs on',
  async (t) => {
    t.timeout(120_000);
    const site = await openSite(t, 'meanwhile');
    const echo = await startEcho(t, site, 'echo', 'ap1');
    await site.sh('ap1', standInForCriu('touch /tmp/dumping; while [ ! -e /tmp/go ]; do sleep 0.05; done'));
    const dumping = 'until [ -e /tmp/dumping ]; do sleep 0.05; done';
    const written = ask(site, 'checkpoint', { container: 'echo', file, leaveRunning: true });
    await site.sh('ap1', dumping);
    for (const [verb, request] of [
      ['stop', {}],
      ['pin', {}],
      ['checkpoint', {}],
      ['migrate', { to: 'ap2' }],
    ] as const) {
      const refusal = await refusalOf(site, verb, { container: 'echo', ...request });
      t.is(refusal.code, 'checkpoint-under-way', verb);
      t.regex(refusal.message, /echo.*\/var\/lib\/tagalong\/echo\.tar/);
    }
    await site.sh('ap1', 'touch /tmp/go');
    t.like(await written, { file, leaveRunning: true });
    await echo.answers();

    await site.sh('ap1', `rm ${file} /tmp/go /tmp/dumping`);
    await site.connection.publish('requestCheckpoint', {}, { container: 'echo', file });
    await site.sh('ap1', dumping);
    // which tells it to stop a second time before it has, so that it ends at once
    await labRestart({ name: site.name, member: 'ap1' });
    await site.sh('ap1', putBack('criu'));
    await echo.answers();
    t.like(await site.describe('echo'), { node: 'ap1', status: 'running', generation: 1 });
    t.deepEqual(await containersAt(site, 'ap1'), ['echo']);
    t.is(await remains(site), '');
    t.like(await site.migrate('echo', 'ap2'), { phase: 'completed' });
    await echo.answers();
  },
);

test.serial('an agent that crashed when the archive was there but the container not yet gone ends it', async (t) => {
  t.timeout(120_000);
  const site = await openSite(t, 'between');
  await startEcho(t, site, 'echo', 'ap1');
  await ask(site, 'checkpoint', { container: 'echo', file, leaveRunning: true });
  const draft = '/var/lib/tagalong/.draft.tmp';
  const record = '/var/lib/tagalong/containers/echo/record.json';
  // what the disk says then; the agent reads it at its start alone
  const written = (endsAt: string) => `touch ${draft} && cd /tmp &&
jq '.checkpoint = { draft: "${draft}", endsAt: "${endsAt}" }' ${record} >record && cp record ${record}`;

  await site.sh('ap1', written('/var/lib/tagalong/never-named.tar'));
  await labRestart({ name: site.name, member: 'ap1' });
  t.like(await site.describe('echo'), { status: 'running', generation: 1 });
  t.is(await site.sh('ap1', `jq .checkpoint ${record}; ls ${draft} 2>/dev/null || true`), 'null');

  await site.sh('ap1', written(file));
  await labRestart({ name: site.name, member: 'ap1' });
  t.deepEqual(await leftoversAt(site, 'ap1', 'echo'), []);
  t.is(await site.sh('ap1', `ls ${draft} 2>/dev/null || true`), '');
  t.like(await ask(site, 'restore', { node: 'ap1', file }), { container: 'echo', generation: 2 });
});

test.serial(
  'an agent that is told to stop while it writes lets the container run on, says so, and leaves no file',
  async (t) => {
    t.timeout(120_000);
    const site = await openSite(t, 'told');
    const echo = await startEcho(t, site, 'echo', 'ap1');
    await site.sh('ap1', standInForCriu('touch /tmp/dumping; while [ ! -e /tmp/go ]; do sleep 0.05; done'));
    const refusal = refusalOf(site, 'checkpoint', { container: 'echo', file });
    await site.sh('ap1', 'until [ -e /tmp/dumping ]; do sleep 0.05; done');
    // the shell in the place of CRIU outlives runC, and would be waited for
    const end = `kill -TERM $(pgrep -f '[m]ain.ts agent'); while pgrep -x runc >/dev/null; do sleep 0.05; done; touch /tmp/go`;
    await site.sh('ap1', end);
    t.like(await refusal, { code: 'checkpoint-failed' });
    await echo.answers();
    await site.sh('ap1', `while pgrep -f '[m]ain.ts agent' >/dev/null; do sleep 0.05; done; ${putBack('criu')}`);
    t.is(await remains(site), '');
    await labRestart({ name: site.name, member: 'ap1' });
    t.like(await site.describe('echo'), { node: 'ap1', status: 'running', generation: 1 });
    t.like(await ask(site, 'checkpoint', { container: 'echo', file }), { file });
  },
);
