import test from 'ava';
import { labRestart } from '../../../../provisioning/lab/exec.ts';
import { echoFiles, startEcho } from './support/echo.ts';
import { containersAt, leftoversAt } from './support/leftovers.ts';
import { openSite } from './support/site.ts';

test.serial('two containers change places at the same time', async (t) => {
  t.timeout(120_000);
  const site = await openSite(t, 'swap');
  const left = await startEcho(t, site, 'left', 'ap1');
  const right = await startEcho(t, site, 'right', 'ap2');
  t.not(left.address, right.address);
  const accounts = await Promise.all([site.migrate('left', 'ap2'), site.migrate('right', 'ap1')]);
  t.deepEqual(
    accounts.map(({ phase }) => phase),
    ['completed', 'completed'],
  );
  t.deepEqual(await containersAt(site, 'ap1'), ['right']);
  t.deepEqual(await containersAt(site, 'ap2'), ['left']);
  await Promise.all([left.answers(), right.answers()]);
});

const memoryLimitBytes = 32 * 1024 * 1024;
/** The limit in force, wherever the kernel's version has its file. */
const limit = `cat /sys/fs/cgroup/memory/tagalong/echo/memory.limit_in_bytes /sys/fs/cgroup/tagalong/echo/memory.max 2>/dev/null; true`;

for (const cgroup of ['v1', 'v2'] as const) {
  test.serial(
    `with control groups ${cgroup} a managed volume travels, and the memory limit where there is one`,
    async (t) => {
      t.timeout(120_000);
      const site = await openSite(t, cgroup, { cgroup });
      const volumes = [{ name: 'data', target: '/data' }];
      // a machine that runs on version 1 keeps this controller there
      const canLimit =
        cgroup === 'v1' || /\bmemory\b/.test(await site.sh('ap1', 'cat /sys/fs/cgroup/cgroup.controllers'));
      const limits = canLimit ? { memoryLimitBytes } : {};
      const echo = await startEcho(t, site, 'echo', 'ap1', { ...limits, volumes });
      const inForce = async (node: string) => Number(await site.sh(node, limit));
      t.is(await inForce('ap1'), canLimit ? memoryLimitBytes : 0);
      await site.sh('ap1', 'runc exec echo /bin/sh -c "echo from ap1 >/data/note"');
      t.like(await site.migrate('echo', 'ap2'), { phase: 'completed' });
      t.is(await inForce('ap2'), canLimit ? memoryLimitBytes : 0);
      await site.sh('ap2', 'runc exec echo /bin/sh -c "echo from ap2 >>/data/note"');
      t.like(await site.migrate('echo', 'ap1'), { phase: 'completed' });
      t.is(await site.sh('ap1', 'runc exec echo /bin/cat /data/note'), 'from ap1\nfrom ap2');
      t.like(await site.describe('echo'), { ...limits, generation: 3 });
      await echo.answers();
      t.deepEqual(await leftoversAt(site, 'ap2', 'echo'), []);
    },
  );
}

/** How an image is made on a node from the root file system at /srv/root, and what a container is started from. */
const formats = [
  {
    kind: 'bundle',
    image: '/srv/bundle',
    make: `mkdir /srv/bundle && cp -a /srv/root /srv/bundle/rootfs && cd /srv/bundle && runc spec &&
jq '.process.args = ["/bin/echo-server"] | .process.env += ["FROM=the bundle"]' config.json >new && mv new config.json`,
    environment: 'the bundle',
  },
  {
    kind: 'oci',
    image: '/srv/layout:one',
    make: `umoci init --layout /srv/layout && umoci new --image /srv/layout:one &&
umoci insert --image /srv/layout:one /srv/root / &&
umoci config --image /srv/layout:one --config.cmd /bin/echo-server --config.env 'FROM=the layout'`,
    environment: 'the layout',
  },
];

for (const { kind, image, make, environment } of formats) {
  test.serial(`an image of the kind ${kind} is run with its own command and environment, and moves`, async (t) => {
    t.timeout(120_000);
    const site = await openSite(t, kind);
    await site.image('ap1', '/srv/root', [], echoFiles);
    await site.sh('ap1', make);
    const echo = await startEcho(t, site, 'echo', 'ap1', { image, command: undefined });
    t.like(await site.describe('echo'), { image: { kind, path: image } });
    t.like(await site.migrate('echo', 'ap2'), { phase: 'completed' });
    await echo.answers();
    const environ = `tr '\\0' '\\n' </proc/$(runc state echo | jq .pid)/environ | sed -n 's/^FROM=//p'`;
    t.is((await site.sh('ap2', environ)).trim(), environment);
    t.deepEqual(await leftoversAt(site, 'ap1', 'echo'), []);
  });
}

test.serial('an agent that is restarted still has its containers, and they run on meanwhile', async (t) => {
  t.timeout(120_000);
  const site = await openSite(t, 'again');
  const echo = await startEcho(t, site, 'echo', 'ap1');
  const before = await site.describe('echo');
  const pid = await site.sh('ap1', 'runc state echo | jq .pid');
  await labRestart({ name: site.name, member: 'ap1' });
  t.like(await site.describe('echo'), { node: 'ap1', status: 'running', since: before.since, generation: 1 });
  t.is(await site.sh('ap1', 'runc state echo | jq .pid'), pid);
  await echo.answers();
  t.like(await site.migrate('echo', 'ap2'), { phase: 'completed', generation: 2 });
  await labRestart({ name: site.name, member: 'ap2' });
  t.like(await site.describe('echo'), { node: 'ap2', status: 'running', generation: 2 });
  t.deepEqual(await leftoversAt(site, 'ap1', 'echo'), []);
  await echo.answers();
});
