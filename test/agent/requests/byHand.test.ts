import anyTest, { type TestFn } from 'ava';
import { rootOf } from '../../../broker/contract/address.ts';
import { responseSchema } from '../../../broker/contract/requests.ts';
import type { StationClient } from '../../../cli/demo/stationClient.ts';
import { labRestart, labStop } from '../../../provisioning/lab/exec.ts';
import { awaitAgents } from '../../../provisioning/lab/online.ts';
import { labStatus } from '../../../provisioning/lab/status.ts';
import { type LabSite, mosquittoAccess, openLabSite } from './support/labSite.ts';
import { assertUnharmed, buildImage, connectClient, runService } from './support/service.ts';

const brokerKinds = ['embedded', 'mosquitto'] as const;
interface Stage {
  site: LabSite;
  client: StationClient;
}
const test = anyTest as TestFn<{ [kind in (typeof brokerKinds)[number]]: Stage }>;
const nodes = ['node1', 'node2'];

for (const brokerKind of brokerKinds) {
  test.before(`a lab with the broker ${brokerKind}`, async (t) => {
    const site = await openLabSite({ label: `h-${brokerKind.slice(0, 3)}`, nodes: nodes.length, brokerKind });
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

/** Moves the container by `mosquitto_pub`: nothing but the names of a container and a node. */
async function publish(site: LabSite, to: string): Promise<string> {
  const from = site.responses.all.length;
  const topic = `${rootOf(site.connection.site)}/request/migrate`;
  const message = JSON.stringify({ container: 'web', to });
  await site.run('controller', 'mosquitto_pub', ...mosquittoAccess(site.state), '-t', topic, '-m', message);
  const answer = await site.responses.first(({ status }) => status !== 'accepted', from);
  return `${answer.node}: ${answer.status}`;
}

/** The same by `mosquitto_rr`, which waits for its own answer and prints it. */
async function ask(site: LabSite, to: string, id: string): Promise<{ printed: string; end: string }> {
  const root = rootOf(site.connection.site);
  const printed = await site.run(
    ...(['controller', 'mosquitto_rr', '-V', 'mqttv311', ...mosquittoAccess(site.state)] as const),
    ...(['-t', `${root}/request/migrate`, '-e', `${root}/response/migrate/${id}`] as const),
    ...(['-m', JSON.stringify({ id, container: 'web', to })] as const),
  );
  const answer = responseSchema.parse(JSON.parse(printed));
  const last = await site.responses.first((response) => response.id === id && response.status !== 'accepted');
  return { printed: `${answer.id} ${answer.node}: ${answer.status}`, end: `${last.node}: ${last.status}` };
}

/** Without the policies: of Mosquitto the controller goes, of the embedded broker all but the broker. */
async function stopPolicies(site: LabSite): Promise<void> {
  const controller = { name: site.name, member: 'controller', service: 'controller' } as const;
  if (site.state.brokerKind === 'mosquitto') {
    await labStop(controller);
    const { members } = await labStatus({ name: site.name });
    const { services } = members.find((member) => member.name === 'controller') ?? {};
    if (services?.controller || !services?.mosquitto) throw new Error(`it is not as it should: ${services}`);
    return;
  }
  const since = new Date();
  await site.run('controller', 'sh', '-c', "echo 'policies: {followUser: false}' >>/etc/tagalong/controller.yaml");
  await labRestart(controller);
  await awaitAgents(site.state, nodes, since);
}

for (const brokerKind of brokerKinds) {
  for (const policies of ['with', 'without'] as const) {
    test.serial(
      `${brokerKind}: mosquitto_pub and mosquitto_rr move a container ${policies} the policies`,
      async (t) => {
        const { site, client } = t.context[brokerKind];
        if (policies === 'without') await stopPolicies(site);
        t.is(await publish(site, 'node2'), 'node1: done');
        await assertUnharmed(t, client, 'mosquitto_pub');
        const id = `by-hand-${policies}`;
        const { printed, end } = await ask(site, 'node1', id);
        t.is(printed, `${id} node2: accepted`);
        t.is(end, 'node2: done');
        await assertUnharmed(t, client, 'mosquitto_rr');
      },
    );
  }

  test.serial(`${brokerKind}: mosquitto_rr prints why it is refused`, async (t) => {
    const { site, client } = t.context[brokerKind];
    const { printed } = await ask(site, 'nowhere', 'by-hand-refused');
    t.is(printed, 'by-hand-refused node1: rejected');
    const answer = await site.responses.first(({ id }) => id === 'by-hand-refused');
    t.is(answer.error?.message, 'This site has no node named nowhere.');
    await assertUnharmed(t, client, 'a refusal');
  });
}

test.serial(
  'mosquitto: a request that is retained there is dropped by an agent that finds it when it starts',
  async (t) => {
    const { site, client } = t.context.mosquitto;
    await labStop({ name: site.name, member: 'node1', service: 'agent' });
    const from = site.responses.all.length;
    await site.publishRaw(JSON.stringify({ id: 'retained', container: 'web', to: 'node2' }), { retain: true });
    const answer = await site.responses.first(() => true, from); // a broker of MQTT 3.1.1 hides the flag from who is there
    t.is(answer.error?.code, 'node-offline');
    await labRestart({ name: site.name, member: 'node1', service: 'agent' });
    await site.fence(...nodes);
    t.is(site.responses.all.length - from, 1);
    const { result } = await site.last('describe', { container: 'web' });
    t.like(result?.['container'], { node: 'node1', status: 'running' });
    await site.publishRaw('', { retain: true });
    await assertUnharmed(t, client, 'a retained request');
  },
);
