import test from 'ava';
import fc from 'fast-check';
import { mayLeaveWill, mayPublish, mayReceive, maySubscribe } from '../../../broker/contract/acl.ts';
import { rootOf, topicOf } from '../../../broker/contract/address.ts';
import { contains } from '../../../broker/contract/filters.ts';
import { type Role, roles, topicNames } from '../../../broker/contract/topics.ts';

const site = 'default';
const root = rootOf(site);
const mac = '02-00-00-00-00-01';

const samples = topicNames.flatMap((name) =>
  ['ap1', 'ap2'].map((node) =>
    topicOf(site, name, { node, name: 'web', mac, id: 'r1', verb: 'run', user: 'eve', policy: 'follow-user' }),
  ),
);

test('a node writes under its own path and answers requests, and nothing else', (t) => {
  for (const topic of samples) {
    const expected = topic.startsWith(`${root}/node/ap1/`) || topic.startsWith(`${root}/response/`);
    t.is(mayPublish('node', 'ap1', site, topic), expected, topic);
  }
});

test('each row has its writers', (t) => {
  const cases: [Role, string, boolean][] = [
    ['operator', 'request/run', true],
    ['controller', 'request/migrate', true],
    ['node', 'request/migrate', false],
    ['viewer', 'request/migrate', false],
    ['controller', `client/${mac}`, true],
    ['operator', `client/${mac}`, false],
    ['controller', 'decision', true],
    ['operator', 'policy/follow-user', true],
    ['controller', 'policy/follow-user', false],
    ['controller', 'policy/follow-user/state', true],
    ['controller', 'audit/eve', false],
    ['controller', 'node/ap1/state', false],
    ['operator', 'response/run/r1', false],
  ];
  for (const [role, topic, expected] of cases)
    t.is(mayPublish(role, 'someone', site, `${root}/${topic}`), expected, `${role} ${topic}`);
});

test('only the one spelling of a topic may be written', (t) => {
  t.true(mayPublish('node', 'ap1', site, `${root}/node/ap1/client/02-00-00-00-00-aa`));
  for (const wrong of ['02-00-00-00-00-AA', '02:00:00:00:00:aa', '', '..', 'x/y'])
    t.false(mayPublish('node', 'ap1', site, `${root}/node/ap1/client/${wrong}`), wrong);
  t.false(mayPublish('node', 'ap1', 'other', `${root}/node/ap1/state`));
});

test('a will of a node is its state, and no will is a request', (t) => {
  t.true(mayLeaveWill('node', 'ap1', site, `${root}/node/ap1/state`));
  t.false(mayLeaveWill('node', 'ap1', site, `${root}/node/ap1/info`));
  t.false(mayLeaveWill('node', 'ap1', site, `${root}/node/ap2/state`));
  t.false(mayLeaveWill('operator', 'alice', site, `${root}/request/stop`));
});

test('what each role may subscribe to', (t) => {
  const cases: [Role, string, boolean][] = [
    ['node', `${root}/request/#`, true],
    ['node', `${root}/request/+`, true],
    ['node', `${root}/node/+/info`, true],
    ['node', `${root}/node/+/state`, true],
    ['node', `${root}/node/+/container/+`, true],
    ['node', `${root}/container/+`, true],
    ['node', `${root}/client/+`, true],
    ['node', `${root}/node/ap1/#`, true],
    ['node', `${root}/node/ap2/#`, false],
    ['node', `${root}/node/+/telemetry`, false],
    ['node', `${root}/node/+/client/+`, false],
    ['node', `${root}/node/ap1/client/+`, true],
    ['node', `${root}/response/+/+`, false],
    ['node', `${root}/#`, false],
    ['operator', `${root}/#`, true],
    ['controller', `${root}/#`, true],
    ['operator', '#', false],
    ['operator', '+/v1/default/#', false],
    ['operator', `${rootOf('other')}/#`, false],
    ['operator', '$SYS/#', false],
    ['operator', `$share/g/${root}/#`, false],
    ['viewer', `${root}/#`, false],
    ['viewer', `${root}/+/+`, false],
    ['viewer', `${root}/node/#`, true],
    ['viewer', `${root}/response/#`, true],
    ['viewer', `${root}/request/stop`, false],
    ['viewer', `${root}/audit/+`, false],
  ];
  for (const [role, filter, expected] of cases)
    t.is(maySubscribe(role, 'ap1', site, filter), expected, `${role} ${filter}`);
});

test('no filter that is granted reaches a topic that may not be received', (t) => {
  const level = fc.constantFrom('node', 'ap1', 'ap2', 'client', 'container', 'request', 'audit', 'state', '+', mac);
  const filter = fc
    .tuple(fc.array(level, { minLength: 1, maxLength: 5 }), fc.boolean())
    .map(([levels, isOpen]) => [root, ...levels, ...(isOpen ? ['#'] : [])].join('/'));
  fc.assert(
    fc.property(fc.constantFrom(...roles), filter, (role, given) => {
      const reached = samples.filter((topic) => contains(given, topic));
      if (maySubscribe(role, 'ap1', site, given)) return reached.every((topic) => mayReceive(role, 'ap1', site, topic));
      return true;
    }),
    { numRuns: 3000 },
  );
  t.pass();
});

test("hostile topics are nobody's", (t) => {
  const part = fc.oneof(fc.string(), fc.constantFrom('..', '', '+', '#', '$SYS', 'ap1/../ap2', 'node\u0000', '%2f'));
  fc.assert(
    fc.property(fc.constantFrom(...roles), fc.array(part), (role, parts) => {
      const topic = `${root}/node/ap2/${parts.join('/')}`;
      return !mayPublish(role, 'ap1', site, topic);
    }),
  );
  t.pass();
});
