import { randomUUID } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import type { Verb } from '../../../broker/contract/requests.ts';
import type { StationClient } from '../../../cli/demo/stationClient.ts';
import { type LabSite, openLabSite } from './support/labSite.ts';
import { assertDone, assertRefused, type Expected } from './support/refusal.ts';
import { assertUnharmed, buildImage, connectClient, image, runService, serviceCommand } from './support/service.ts';

const brokerKinds = ['embedded', 'mosquitto'] as const;
interface Stage {
  site: LabSite;
  client: StationClient;
}
const test = anyTest as TestFn<{ [kind in (typeof brokerKinds)[number]]: Stage }>;
const nodes = ['node1', 'node2'];

for (const brokerKind of brokerKinds) {
  test.before(`a lab with the broker ${brokerKind}`, async (t) => {
    const site = await openLabSite({ label: brokerKind.slice(0, 3), nodes: nodes.length, brokerKind });
    t.context[brokerKind] = { site } as Stage; // from now on it is taken down, whatever happens
    await buildImage(site, 'node1');
    const address = await runService(site, { name: 'web', node: 'node1' });
    t.context[brokerKind] = { site, client: await connectClient(site, 'controller', address) };
  });
  test.after.always(`the lab with the broker ${brokerKind} goes`, async (t) => {
    await t.context[brokerKind]?.client?.stop();
    await t.context[brokerKind]?.site.close();
  });
}

const past = '2020-01-01T00:00:00.000Z';
const deep = '['.repeat(50_000) + ']'.repeat(50_000);
const long = 'a'.repeat(64);

/** What is sent to `request/migrate`, or another verb, and what must be answered. */
const wrong: [string, string, Expected, verb?: Verb][] = [
  ['malformed JSON', '{"container":"web"', { code: 'malformed-request', names: ['the whole message', 'not JSON'] }],
  ['an empty payload', '', { code: 'malformed-request', names: ['the whole message', 'not JSON'] }],
  ['bytes that are no text', '\u0000\u0001\ufffd', { code: 'malformed-request', names: ['not JSON'] }],
  ['a list', '["web","node2"]', { code: 'malformed-request', names: ['the whole message', 'object'] }],
  ['a word', '"web"', { code: 'malformed-request', names: ['the whole message', 'object'] }],
  ['null', 'null', { code: 'malformed-request', names: ['the whole message', 'object'] }],
  ['nothing named', '{}', { code: 'malformed-request', names: ['container'] }],
  ['no destination', '{"container":"web"}', { code: 'malformed-request', names: ['to'] }],
  [
    'a number for a name',
    '{"container":7,"to":"node2"}',
    { code: 'malformed-request', names: ['container', 'string'] },
  ],
  ['null for a node', '{"container":"web","to":null}', { code: 'malformed-request', names: ['to', 'string'] }],
  [
    'a word for yes or no',
    '{"container":"web","to":"node2","dryRun":"no"}',
    { code: 'malformed-request', names: ['dryRun', 'boolean'] },
  ],
  [
    'an unknown technique',
    '{"container":"web","to":"node2","technique":"warp"}',
    { code: 'malformed-request', names: ['technique'] },
  ],
  [
    'a name with slashes',
    '{"container":"../web","to":"node2"}',
    { code: 'malformed-request', names: ['container', 'lower-case'] },
  ],
  ['a name with dots', '{"container":"web.1","to":"node2"}', { code: 'malformed-request', names: ['container'] }],
  ['a name with capitals', '{"container":"Web","to":"node2"}', { code: 'malformed-request', names: ['container'] }],
  ['a name with a wildcard', '{"container":"+","to":"node2"}', { code: 'malformed-request', names: ['container'] }],
  ['a name that is too long', `{"container":"${long}","to":"node2"}`, { code: 'malformed-request', names: ['63'] }],
  ['a node with slashes', '{"container":"web","to":"node2/../x"}', { code: 'malformed-request', names: ['to'] }],
  ['a node of dots', '{"container":"web","to":".."}', { code: 'malformed-request', names: ['to'] }],
  [
    'an id with slashes',
    '{"id":"a/b","container":"web","to":"node2"}',
    { code: 'malformed-request', names: ['id', 'letters'] },
  ],
  ['a deep name', `{"container":${deep},"to":"node2"}`, { code: 'malformed-request', names: ['container'] }],
  ['a deep message', deep, { code: 'malformed-request', names: ['the whole message'] }],
  [
    'a MAC that is none',
    '{"container":"web","to":"node2","client":"02:zz"}',
    { code: 'malformed-request', names: ['client', 'MAC'] },
  ],
  ['neither container nor node', '{}', { code: 'malformed-request', names: ['container or a node'] }, 'describe'],
  [
    'both container and node',
    '{"container":"web","node":"node1"}',
    { code: 'malformed-request', names: ['not both'] },
    'describe',
  ],
  ['nothing to cancel', '{}', { code: 'malformed-request', names: ['migration'] }, 'cancel'],
  ['an unknown container', '{"container":"nothing","to":"node2"}', { code: 'unknown-container', names: ['nothing'] }],
  [
    'the name of a property of all objects',
    '{"container":"constructor","to":"node2"}',
    { code: 'unknown-container', names: ['constructor'] },
  ],
  ['an unknown node', '{"container":"web","to":"nowhere"}', { code: 'unknown-node', names: ['nowhere'] }],
  ['the same node', '{"container":"web","to":"node1"}', { code: 'same-node', names: ['web', 'node1'] }],
  [
    'an expired request',
    `{"container":"web","to":"node2","expiresAt":"${past}"}`,
    { code: 'expired-request', names: [past] },
  ],
  [
    'another generation',
    '{"container":"web","to":"node2","ifGeneration":99}',
    { code: 'generation-mismatch', names: ['web', '99'] },
  ],
  ['an unknown container', '{"container":"nothing"}', { code: 'unknown-container', names: ['nothing'] }, 'stop'],
  ['an unknown node', '{"node":"nowhere"}', { code: 'unknown-node', names: ['nowhere'] }, 'drain'],
  ['an unknown migration', '{"migration":"m-0"}', { code: 'unknown-migration', names: ['m-0'] }, 'cancel'],
  ['a container that does not move', '{"container":"web"}', { code: 'unknown-migration', names: ['web'] }, 'cancel'],
  [
    'an unknown node',
    '{"name":"x","node":"nowhere","image":"/srv/x"}',
    { code: 'unknown-node', names: ['nowhere'] },
    'run',
  ],
];

for (const brokerKind of brokerKinds) {
  for (const [what, payload, expected, verb = 'migrate'] of wrong) {
    test.serial(`${brokerKind}: ${verb} with ${what} is answered by one node with ${expected.code}`, async (t) => {
      const { site, client } = t.context[brokerKind];
      const answer = await assertRefused(t, site, nodes, () => site.publishRaw(payload, { verb }), expected);
      t.is(answer.verb, verb);
      await assertUnharmed(t, client, what);
    });
  }

  test.serial(`${brokerKind}: an answer bears the id of a request that is wrong, if it has a good one`, async (t) => {
    const { site } = t.context[brokerKind];
    const id = randomUUID();
    const expected: Expected = { code: 'malformed-request', names: ['to'] };
    const send = () => site.publishRaw(JSON.stringify({ id, container: 'web' }));
    t.is((await assertRefused(t, site, nodes, send, expected)).id, id);
  });

  test.serial(`${brokerKind}: unknown fields are ignored, however deep`, async (t) => {
    const { site, client } = t.context[brokerKind];
    const from = site.responses.all.length;
    await site.publishRaw(`{"id":"deep-${brokerKind}","container":"web","to":"node2","dryRun":true,"extra":${deep}}`);
    t.is((await site.responses.first(() => true, from)).status, 'done');
    await assertUnharmed(t, client, 'a deep field');
  });

  test.serial(`${brokerKind}: a verb that the contract does not have reaches nobody`, async (t) => {
    const { site, client } = t.context[brokerKind];
    const from = site.responses.all.length;
    await site.publishRaw('{"container":"web"}', { verb: 'fly' });
    await site.fence(...nodes);
    t.is(site.responses.all.length, from);
    if (brokerKind === 'embedded') {
      const audit = await site.audits.first(({ topic }) => topic.endsWith('/request/fly'));
      t.regex(audit.reason, /^not-permitted: .*operator.*\/request\/fly/);
    }
    await assertUnharmed(t, client, 'an unknown verb');
  });

  test.serial(
    `${brokerKind}: a MAC address with capitals and colons is accepted and written in the one way`,
    async (t) => {
      const { site } = t.context[brokerKind];
      const request = { image, command: serviceCommand };
      const name = 'capital';
      await site.publishRaw(
        JSON.stringify({
          ...request,
          id: `mac-${brokerKind}`,
          name,
          node: 'node1',
          mac: '02:AB:CD:EF:00:01',
          follows: '02-77-00-01-00-FF',
          dryRun: false,
        }),
        { verb: 'run' },
      );
      const ran = await site.responses.first(({ id, status }) => id === `mac-${brokerKind}` && status !== 'accepted');
      t.is(ran.status, 'done', JSON.stringify(ran.error));
      const described = await site.last('describe', { container: name });
      t.like(described.result?.['container'], { mac: '02-ab-cd-ef-00-01', follows: '02-77-00-01-00-ff' });
      await assertDone(t, site, 'stop', { container: name, timeoutMs: 0 });
    },
  );
}

for (const bytes of [5_000_000, 300_000]) {
  test.serial(`embedded: ${bytes} bytes are refused by the broker, which says so to the operator`, async (t) => {
    const { site, client } = t.context.embedded;
    const [answers, audits] = [site.responses.all.length, site.audits.all.length];
    await site.publishRaw(JSON.stringify({ container: 'web', to: 'node2', padding: 'x'.repeat(bytes) }));
    const audit = await site.audits.first(() => true, audits);
    t.regex(audit.reason, /^payload-too-large: The message of \d+ bytes is larger than the limit of 262144 bytes\.$/);
    t.true(audit.bytes > bytes);
    await site.fence(...nodes);
    t.is(site.responses.all.length, answers, 'it must not reach any node');
    await assertUnharmed(t, client, `${bytes} bytes`);
  });
}

for (const bytes of [1_500_000, 300_000]) {
  test.serial(`mosquitto: ${bytes} bytes are answered by one node with payload-too-large`, async (t) => {
    const { site, client } = t.context.mosquitto;
    const payload = JSON.stringify({ container: 'web', to: 'node2', padding: 'x'.repeat(bytes) });
    const expected: Expected = { code: 'payload-too-large', names: ['262144', String(payload.length)] };
    await assertRefused(t, site, nodes, () => site.publishRaw(payload), expected);
    await assertUnharmed(t, client, `${bytes} bytes`);
  });
}

test.serial('mosquitto: 5000000 bytes are more than it takes, so that it cuts their sender off', async (t) => {
  const { site, client } = t.context.mosquitto;
  const answers = site.responses.all.length;
  const payload = JSON.stringify({ container: 'web', to: 'node2', padding: 'x'.repeat(5_000_000) });
  await t.throwsAsync(site.publishRaw(payload), { message: /The connection was lost/ });
  await site.fence(...nodes);
  t.is(site.responses.all.length, answers);
  await assertUnharmed(t, client, '5000000 bytes');
});
