import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import type { StationClient } from '../../../cli/demo/stationClient.ts';
import { labRestart, labStart, labStop } from '../../../provisioning/lab/exec.ts';
import { type LabSite, openLabSite } from './support/labSite.ts';
import { assertDone, assertError, assertRefused, type Expected } from './support/refusal.ts';
import { assertUnharmed, buildImage, connectClient, image, runService } from './support/service.ts';

/** Nodes that cannot take a container, each for a reason of its own; the container is on node1. */
const test = anyTest as TestFn<{ site: LabSite; client: StationClient }>;

test.before('a lab', async (t) => {
  const site = await openLabSite({ label: 'blk', nodes: 3 });
  t.context.site = site;
  await buildImage(site, 'node1');
  const address = await runService(site, { name: 'web', node: 'node1' });
  t.context.client = await connectClient(site, 'controller', address);
});
test.after.always('the lab goes', async (t) => {
  await t.context.client?.stop();
  await t.context.site?.close();
});

type Test = ExecutionContext<{ site: LabSite; client: StationClient }>;

/** Asserts that the container cannot go to node3, why, and that nothing has happened to it. */
async function assertBlocked(t: Test, answering: readonly string[], expected: Expected): Promise<void> {
  const { site, client } = t.context;
  for (const dryRun of [true, false]) {
    const send = () => site.publishRaw(JSON.stringify({ container: 'web', to: 'node3', dryRun }));
    const answer = await assertRefused(t, site, answering, send, expected);
    t.is(answer.node, 'node1');
    const described = await site.last('describe', { container: 'web' });
    t.like(described.result?.['container'], { node: 'node1', status: 'running', generation: 1 });
    await assertUnharmed(t, client, expected.code);
  }
}

async function withoutAgent(t: Test): Promise<void> {
  await labStop({ name: t.context.site.name, member: 'node3', service: 'agent' });
}

async function withAgent(t: Test): Promise<void> {
  await labRestart({ name: t.context.site.name, member: 'node3', service: 'agent' });
}

test.serial('a node that is offline is not moved to, and another answers for what it has', async (t) => {
  const { site, client } = t.context;
  const others = ['node1', 'node2'];
  await runService(site, { name: 'away', node: 'node1' });
  await assertDone(t, site, 'migrate', { container: 'away', to: 'node3' });
  await withoutAgent(t);
  try {
    const expected: Expected = { code: 'node-offline', names: ['node3'] };
    await assertBlocked(t, others, expected);
    for (const [verb, request] of [
      ['migrate', { container: 'away', to: 'node1' }],
      ['stop', { container: 'away' }],
      ['pin', { container: 'away' }],
      ['describe', { node: 'node3' }],
      ['drain', { node: 'node3' }],
      ['run', { name: 'new', node: 'node3', image }],
    ] as const) {
      const answer = await assertRefused(
        t,
        site,
        others,
        () => site.publishRaw(JSON.stringify(request), { verb }),
        expected,
      );
      t.is(answer.node, 'node1', 'the first of the alphabet answers for it');
    }
  } finally {
    await withAgent(t);
  }
  // an agent that was away has not lost its containers
  t.like((await site.last('describe', { container: 'away' })).result?.['container'], {
    node: 'node3',
    status: 'running',
  });
  await assertDone(t, site, 'stop', { container: 'away', timeoutMs: 0 });
  await assertUnharmed(t, client, 'the return of node3');
});

test.serial('a node without CRIU is not moved to', async (t) => {
  const { site } = t.context;
  await site.run('node3', 'mv', '/usr/sbin/criu', '/usr/sbin/criu.away');
  try {
    await withAgent(t);
    await assertBlocked(t, ['node1', 'node2', 'node3'], { code: 'criu-missing', names: ['node3', 'not installed'] });
  } finally {
    await site.run('node3', 'mv', '/usr/sbin/criu.away', '/usr/sbin/criu');
    await withAgent(t);
  }
});

test.serial('a node without space in its data directory is not moved to', async (t) => {
  const { site } = t.context;
  await withoutAgent(t);
  await site.run('node3', 'mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', '/var/lib/tagalong');
  try {
    await withAgent(t);
    await assertBlocked(t, ['node1', 'node2', 'node3'], { code: 'not-enough-disk', names: ['node3', '2097152'] });
  } finally {
    await withoutAgent(t);
    await site.run('node3', 'umount', '--lazy', '/var/lib/tagalong');
    await withAgent(t);
  }
});

test.serial('a node that is full is not moved to', async (t) => {
  const { site } = t.context;
  const file = '/etc/tagalong/agent.yaml';
  await site.run('node3', 'sh', '-c', `cp ${file} ${file}.before; echo 'maxContainers: 1' >>${file}`);
  try {
    await withAgent(t);
    await buildImage(site, 'node3');
    await runService(site, { name: 'filler', node: 'node3' });
    await assertBlocked(t, ['node1', 'node2', 'node3'], { code: 'node-full', names: ['node3', '1 containers'] });
    await assertDone(t, site, 'stop', { container: 'filler', timeoutMs: 0 });
  } finally {
    await site.run('node3', 'mv', `${file}.before`, file);
    await withAgent(t);
  }
});

test.serial('a directory that is bound and not there is told', async (t) => {
  const { site } = t.context;
  const volumes = [{ bind: image, target: '/mnt' }];
  await runService(site, { name: 'bound', node: 'node1', volumes });
  const send = () => site.publishRaw(JSON.stringify({ container: 'bound', to: 'node2' }));
  const expected: Expected = { code: 'bind-missing', names: [image, 'node2'] };
  const answer = await assertRefused(t, site, ['node1', 'node2', 'node3'], send, expected);
  t.deepEqual(
    answer.blockedReasons?.map(({ code }) => code),
    ['bind-missing'],
  );
  await assertDone(t, site, 'stop', { container: 'bound', timeoutMs: 0 });
});

test.serial('a node whose memory file system is too small fails the move, and the container runs on', async (t) => {
  const { site, client } = t.context;
  // what it kept of an earlier visit would leave little to send
  await site.run('node3', 'sh', '-c', 'rm -rf /run/tagalong/bases/* && mount -o remount,size=1m /run');
  try {
    const answers = await site.ask('migrate', { container: 'web', to: 'node3' });
    t.deepEqual(
      answers.map(({ status, node }) => `${node} ${status}`),
      ['node1 accepted', 'node1 failed'],
    );
    const code = answers.at(-1)?.error?.code;
    t.true(code === 'restore-failed' || code === 'transfer-failed', JSON.stringify(answers.at(-1)?.error));
    if (code === 'restore-failed' || code === 'transfer-failed')
      assertError(t, answers.at(-1), { code, names: ['node3'], status: 'failed' });
    await assertUnharmed(t, client, 'a move that failed for want of space');
    t.like((await site.last('describe', { container: 'web' })).result?.['container'], { node: 'node1', generation: 1 });
  } finally {
    await site.run('node3', 'mount', '-o', 'remount,size=50%', '/run');
  }
});

test.serial('a node of another architecture is not moved to', async (t) => {
  const { site } = t.context;
  await withoutAgent(t);
  const machine = await labStart({
    name: site.name,
    member: 'node3',
    command: [
      '/opt/tagalong/node_modules/node/bin/node',
      '/opt/tagalong/test/agent/requests/support/otherMachine.ts',
      'aarch64',
    ],
  });
  try {
    const line = await machine.lines()[Symbol.asyncIterator]().next();
    if (line.done) t.fail((await machine.ended).stderr);
    await assertBlocked(t, ['node1', 'node2'], {
      code: 'architecture-mismatch',
      names: ['node3', 'aarch64', 'x86_64'],
    });
  } finally {
    await machine.stop();
    await withAgent(t);
  }
});

test.serial('after all that it moves to that very node', async (t) => {
  const { site, client } = t.context;
  await assertDone(t, site, 'migrate', { container: 'web', to: 'node3' });
  await assertUnharmed(t, client, 'a migration');
});
