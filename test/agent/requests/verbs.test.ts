import { randomUUID } from 'node:crypto';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import type { MessageOf } from '../../../broker/contract/topics.ts';
import type { StationClient } from '../../../cli/demo/stationClient.ts';
import { type LabSite, openLabSite } from './support/labSite.ts';
import { assertDone, assertError, assertRefused, type Expected } from './support/refusal.ts';
import { assertUnharmed, buildImage, connectClient, image, runService, serviceCommand } from './support/service.ts';

interface Stage {
  site: LabSite;
  client: StationClient;
  /** Of `web`. */
  address: string;
  states: Map<string, MessageOf<'nodeState'>>;
}
const test = anyTest as TestFn<Stage>;
const nodes = ['node1', 'node2'];

test.before('a lab', async (t) => {
  const site = await openLabSite({ label: 'vrb', nodes: nodes.length });
  t.context.site = site;
  await Promise.all(nodes.map((node) => buildImage(site, node)));
  t.context.address = await runService(site, { name: 'web', node: 'node1' });
  t.context.client = await connectClient(site, 'controller', t.context.address);
  t.context.states = new Map();
  await site.connection.subscribe('nodeState', {}, ({ parameters, message }) => {
    if (message !== undefined) t.context.states.set(parameters.node, message);
  });
});
test.after.always('the lab goes', async (t) => {
  await t.context.client?.stop();
  await t.context.site?.close();
});

async function containerOf(t: ExecutionContext<Stage>, name = 'web'): Promise<Record<string, unknown>> {
  const { result } = await assertDone(t, t.context.site, 'describe', { container: name });
  return result?.['container'] as Record<string, unknown>;
}

async function assertRequestRefused(
  t: ExecutionContext<Stage>,
  verb: Parameters<LabSite['ask']>[0],
  request: Record<string, unknown>,
  expected: Expected,
): Promise<void> {
  const { site } = t.context;
  await assertRefused(t, site, nodes, () => site.publishRaw(JSON.stringify(request), { verb }), expected);
}

const full = { image, command: serviceCommand };
const wrongRuns: [string, Record<string, unknown>, Expected][] = [
  ['an image that is missing', { image: '/srv/nothing' }, { code: 'image-not-found', names: ['/srv/nothing'] }],
  ['an image without an absolute path', { image: 'redis' }, { code: 'image-not-found', names: ['redis', 'absolute'] }],
  [
    'a volume without a name and a directory',
    { ...full, volumes: [{ target: '/data' }] },
    { code: 'volume-unusable', names: ['/data'] },
  ],
  [
    'a volume with a name and a directory',
    { ...full, volumes: [{ name: 'data', bind: '/srv', target: '/data' }] },
    { code: 'volume-unusable', names: ['data'] },
  ],
  [
    'a volume whose target is relative',
    { ...full, volumes: [{ name: 'data', target: 'data' }] },
    { code: 'malformed-request', names: ['volumes.0.target'] },
  ],
  [
    'a volume whose name leaves its directory',
    { ...full, volumes: [{ name: '../data', target: '/data' }] },
    { code: 'malformed-request', names: ['volumes.0.name'] },
  ],
  [
    'a directory that is missing',
    { ...full, volumes: [{ bind: '/srv/nothing', target: '/data' }] },
    { code: 'bind-missing', names: ['/srv/nothing', 'node1'] },
  ],
  ['a name that is taken', { ...full, name: 'web' }, { code: 'container-exists', names: ['web', 'node1'] }],
  [
    'a name that is taken on another node',
    { ...full, name: 'web', node: 'node2' },
    { code: 'container-exists', names: ['web', 'node1'] },
  ],
  ['an address that is none', { ...full, address: '10.77.0.300' }, { code: 'malformed-request', names: ['address'] }],
  [
    'a memory limit below zero',
    { ...full, memoryLimitBytes: -1 },
    { code: 'malformed-request', names: ['memoryLimitBytes'] },
  ],
];
for (const [what, request, expected] of wrongRuns) {
  test.serial(`run with ${what} is refused with ${expected.code}`, async (t) => {
    await assertRequestRefused(t, 'run', { name: 'new', node: 'node1', ...request }, expected);
    await assertUnharmed(t, t.context.client, what);
  });
}

test.serial('run with an address in use is refused, on every node', async (t) => {
  const { address } = t.context;
  for (const node of nodes) {
    const expected: Expected = { code: 'address-in-use', names: [address, 'web'] };
    await assertRequestRefused(t, 'run', { name: 'new', node, ...full, address }, expected);
  }
});

test.serial('what shows only when it is started fails, and leaves nothing behind', async (t) => {
  const { site, client } = t.context;
  for (const [request, expected] of [
    [{ image }, { code: 'malformed-request', names: ['command'] }],
    [{ image: '/srv' }, { code: 'image-not-found', names: ['/srv', 'config.json'] }],
    [
      { image, command: ['/no/such/program'] },
      { code: 'start-failed', names: ['new', '/no/such/program'] },
    ],
  ] as const) {
    const answers = await site.ask('run', { name: 'new', node: 'node1', ...request });
    t.deepEqual(
      answers.map(({ status }) => status),
      ['accepted', 'failed'],
    );
    assertError(t, answers[1], { ...expected, status: 'failed' });
    await assertRequestRefused(t, 'describe', { container: 'new' }, { code: 'unknown-container', names: ['new'] });
  }
  await assertUnharmed(t, client, 'starts that failed');
});

test.serial('a dry run of every verb says what would happen and changes nothing', async (t) => {
  const { site, client } = t.context;
  const before = await containerOf(t);
  const requests = {
    run: { ...full, name: 'new', node: 'node1' },
    stop: { container: 'web' },
    migrate: { container: 'web', to: 'node2' },
    checkpoint: { container: 'web' },
    pin: { container: 'web' },
    unpin: { container: 'web' },
    drain: { node: 'node1' },
    undrain: { node: 'node1' },
    describe: { container: 'web' },
  } as const;
  for (const [verb, request] of Object.entries(requests)) {
    const answers = await site.ask(verb as keyof typeof requests, { ...request, dryRun: true });
    t.deepEqual(
      answers.map(({ status }) => status),
      ['done'],
      `${verb}: ${JSON.stringify(answers)}`,
    );
    const { memoryBytes: _, ...now } = await containerOf(t);
    t.like(before, now, verb);
    t.is(t.context.states.get('node1')?.status, 'online');
  }
  await assertRequestRefused(t, 'describe', { container: 'new' }, { code: 'unknown-container', names: ['new'] });
  await assertUnharmed(t, client, 'dry runs');
});

test.serial('a dry run is refused for the same reasons', async (t) => {
  const dryRun = true;
  await assertRequestRefused(
    t,
    'migrate',
    { container: 'web', to: 'node1', dryRun },
    { code: 'same-node', names: ['web'] },
  );
  await assertRequestRefused(t, 'stop', { container: 'no', dryRun }, { code: 'unknown-container', names: ['no'] });
  await assertRequestRefused(t, 'drain', { node: 'no', dryRun }, { code: 'unknown-node', names: ['no'] });
  await assertRequestRefused(t, 'cancel', { container: 'web', dryRun }, { code: 'unknown-migration', names: ['web'] });
  await assertRequestRefused(t, 'cancel', { migration: 'm-1', dryRun }, { code: 'unknown-migration', names: ['m-1'] });
});

test.serial('describe tells all about a container, with its log, and about a node', async (t) => {
  const { site, address } = t.context;
  const { result } = await assertDone(t, site, 'describe', { container: 'web', logLines: 10 });
  t.like(result?.['container'], {
    name: 'web',
    node: 'node1',
    status: 'running',
    address,
    generation: 1,
    pinned: false,
  });
  t.like(result?.['spec'], { command: [...serviceCommand] });
  t.true(Array.isArray(result?.['log']));
  const node = await assertDone(t, site, 'describe', { node: 'node1' });
  t.like(node.result, { draining: false, containers: ['web'], info: { hostName: 'node1' } });
});

test.serial('a pinned container moves by force alone, until it is unpinned', async (t) => {
  const { site, client } = t.context;
  await assertDone(t, site, 'pin', { container: 'web' });
  t.like(await containerOf(t), { pinned: true });
  const move = { container: 'web', to: 'node2' };
  await assertRequestRefused(t, 'migrate', move, { code: 'container-pinned', names: ['web', 'node1'] });
  await assertDone(t, site, 'migrate', { ...move, force: true });
  t.like(await containerOf(t), { node: 'node2', pinned: true, generation: 2 });
  await assertDone(t, site, 'unpin', { container: 'web' });
  t.like(await containerOf(t), { node: 'node2', pinned: false });
  await assertDone(t, site, 'migrate', { container: 'web', to: 'node1' });
  t.like(await containerOf(t), { node: 'node1', generation: 3 });
  await assertUnharmed(t, client, 'two moves');
});

test.serial(
  'a repeated request gets the same answer and is obeyed once, wherever its container is by then',
  async (t) => {
    const { site, client } = t.context;
    const { generation } = await containerOf(t);
    const request = { id: randomUUID(), container: 'web', to: 'node2' };
    const first = await assertDone(t, site, 'migrate', request);
    for (const place of ['node2', 'node1']) {
      if (place === 'node1') await assertDone(t, site, 'migrate', { container: 'web', to: 'node1' });
      const before = await containerOf(t);
      const from = site.responses.all.length;
      await site.publishRaw(JSON.stringify({ to: 'node2', container: 'web', id: request.id }));
      t.deepEqual(await site.responses.first(({ id }) => id === request.id, from), first);
      await site.fence(...nodes);
      t.is(site.responses.all.slice(from).filter(({ id }) => id === request.id).length, 1);
      t.like(await containerOf(t), { node: place, generation: before['generation'], status: 'running' });
    }
    t.like(await containerOf(t), { generation: Number(generation) + 2 });
    await assertUnharmed(t, client, 'repetitions');
  },
);

test.serial('an id that was used for another request is refused, and the first request is not harmed', async (t) => {
  const { site } = t.context;
  const id = randomUUID();
  const first = await assertDone(t, site, 'pin', { id, container: 'web' });
  await assertRequestRefused(t, 'unpin', { id, container: 'web' }, { code: 'id-reused', names: [id] });
  await assertRequestRefused(t, 'drain', { id, node: 'node2' }, { code: 'id-reused', names: [id] });
  t.is(t.context.states.get('node2')?.status, 'online');
  t.like(await containerOf(t), { pinned: true });
  t.deepEqual(await site.last('pin', { id, container: 'web' }), first);
  await assertDone(t, site, 'unpin', { container: 'web' });
});

test.serial(
  'a drained node is emptied and takes nothing until the drain ends; what is pinned is left and told',
  async (t) => {
    const { site, client } = t.context;
    await runService(site, { name: 'pinned', node: 'node1' });
    await assertDone(t, site, 'pin', { container: 'pinned' });
    const { result } = await assertDone(t, site, 'drain', { node: 'node1' });
    t.deepEqual(result?.['moved'], [{ container: 'web', to: 'node2' }]);
    t.like(result?.['left'], [{ container: 'pinned', reasons: [{ node: 'node2', code: 'container-pinned' }] }]);
    t.like(await containerOf(t), { node: 'node2', status: 'running' });
    t.like(await containerOf(t, 'pinned'), { node: 'node1', status: 'running' });
    t.is(t.context.states.get('node1')?.status, 'draining');
    const draining: Expected = { code: 'node-draining', names: ['node1'] };
    await assertRequestRefused(t, 'migrate', { container: 'web', to: 'node1' }, draining);
    await assertRequestRefused(t, 'run', { name: 'new', node: 'node1', ...full }, draining);
    await assertDone(t, site, 'undrain', { node: 'node1' });
    t.is(t.context.states.get('node1')?.status, 'online');
    await assertDone(t, site, 'migrate', { container: 'web', to: 'node1' });
    await assertUnharmed(t, client, 'a drain');
    await assertDone(t, site, 'stop', { container: 'pinned', timeoutMs: 0 });
  },
);

test.serial('a stopped container is gone, and its name and address are free', async (t) => {
  const { site } = t.context;
  const address = await runService(site, { name: 'brief', node: 'node1' });
  await assertDone(t, site, 'stop', { container: 'brief', timeoutMs: 0 });
  await assertRequestRefused(t, 'describe', { container: 'brief' }, { code: 'unknown-container', names: ['brief'] });
  t.is(await runService(site, { name: 'brief', node: 'node1', address }), address);
  await assertDone(t, site, 'stop', { container: 'brief' });
  t.is((await site.run('node1', 'sh', '-c', 'ls /var/lib/tagalong/containers')).trim(), 'web');
});

test.serial('a retained request is refused by the broker, which says so to the operator', async (t) => {
  const { site, client } = t.context;
  const audits = site.audits.all.length;
  const from = site.responses.all.length;
  await site.publishRaw(JSON.stringify({ container: 'web', to: 'node2' }), { retain: true });
  const audit = await site.audits.first(() => true, audits);
  t.regex(audit.reason, /^retained-request: A request must not be retained/);
  await site.fence(...nodes);
  t.is(site.responses.all.length, from);
  t.like(await containerOf(t), { node: 'node1' });
  await assertUnharmed(t, client, 'a retained request');
});
