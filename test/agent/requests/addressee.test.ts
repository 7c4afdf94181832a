import test from 'ava';
import { addresseeOf, isSpokesman, type Own } from '../../../agent/requests/addressee.ts';
import type { SiteView } from '../../../agent/requests/siteView.ts';

const states: Record<string, 'online' | 'offline' | 'draining'> = { ap1: 'online', ap2: 'draining', ap3: 'offline' };
const site: SiteView = {
  statusOf: (node) => states[node],
  answering: () => Object.keys(states).filter((node) => states[node] !== 'offline'),
  info: () => undefined,
  container: (name) =>
    ({
      web: { node: 'ap2', generation: 3, address: undefined },
      lost: { node: 'ap3', generation: 1, address: undefined },
    })[name],
  containers: () => new Map(),
  onContainer: () => undefined,
  conductorOf: (id) => ({ m1: 'ap2' })[id],
};
const nodes = ['ap1', 'ap2'];
const own = (node: string): Own => ({
  node,
  hasContainer: (name) => node === 'ap2' && name === 'web',
  hasMigration: (id) => node === 'ap2' && id === 'm1',
});

/** Which nodes answer a request and how. */
function answers(subject: Parameters<typeof addresseeOf>[0]): string[] {
  return nodes.flatMap((node) => {
    const addressee = addresseeOf(subject, own(node), site);
    if (addressee.kind === 'other') return [];
    return addressee.kind === 'me' ? [`${node} obeys`] : [`${node}: ${addressee.error.code}`];
  });
}

test('the owner of a container obeys, and it alone', (t) => {
  t.deepEqual(answers({ container: 'web' }), ['ap2 obeys']);
});

test('the named node obeys', (t) => {
  t.deepEqual(answers({ node: 'ap1' }), ['ap1 obeys']);
});

test('where a container and a node are named, the node obeys, whoever else has the container', (t) => {
  t.deepEqual(answers({ container: 'web', node: 'ap1' }), ['ap1 obeys']);
});

test('the node that conducts a migration obeys', (t) => {
  t.deepEqual(answers({ migration: 'm1' }), ['ap2 obeys']);
});

for (const [subject, answer] of [
  [{ container: 'nothing' }, 'ap1: unknown-container'],
  [{ node: 'nowhere' }, 'ap1: unknown-node'],
  [{ migration: 'm9' }, 'ap1: unknown-migration'],
  [{ container: 'lost' }, 'ap1: node-offline'],
  [{ node: 'ap3' }, 'ap1: node-offline'],
] as const) {
  test(`exactly one node says ${answer} to ${JSON.stringify(subject)}`, (t) => {
    t.deepEqual(answers(subject), [answer]);
  });
}

test('a container that this node no longer has, though the broker still says so, is unknown', (t) => {
  const forgetful: Own = { ...own('ap2'), hasContainer: () => false };
  t.is(addresseeOf({ container: 'web' }, forgetful, { ...site, answering: () => ['ap2'] }).kind, 'refuse');
});

test('the spokesman is one alone', (t) => {
  t.deepEqual(
    nodes.filter((node) => isSpokesman(own(node), site)),
    ['ap1'],
  );
});
