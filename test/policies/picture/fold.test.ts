import test from 'ava';
import { fold } from '../../../policies/picture/fold.ts';
import type { Observed } from '../../../policies/picture/observation.ts';
import { emptyPicture, type SitePicture } from '../../../policies/picture/sitePicture.ts';
import { nodeClient, nodeContainer, nodeState } from '../documents.ts';

const mac = '02-00-00-00-00-01';
const settings = { debounceMs: 300 };

function state(node: string, session: string, atMs: number, status: 'online' | 'offline' = 'online'): Observed {
  return { kind: 'node-state', node, document: nodeState(session, atMs, status) };
}
function at(node: string, session: string, sinceMs: number): Observed {
  return { kind: 'node-client', node, mac, document: nodeClient(node, mac, session, sinceMs) };
}
function gone(node: string): Observed {
  return { kind: 'node-client', node, mac, document: undefined };
}

/** Folds live observations, each with its moment of receipt. */
function see(...heard: [number, Observed][]): SitePicture {
  return heard.reduce<SitePicture>(
    (picture, [atMs, observed]) => fold(picture, { ...observed, atMs, retained: false }, settings),
    emptyPicture,
  );
}

const birth: [number, Observed][] = [
  [0, state('a', 'a1', 0)],
  [0, state('b', 'b1', 0)],
  [1000, at('a', 'a1', 1000)],
];
const nodeOf = (picture: SitePicture) => picture.clients.get(mac)?.place?.node;

test('the newest association wins, and a late disconnect of the old access point changes nothing', (t) => {
  t.is(nodeOf(see(...birth, [2000, at('b', 'b1', 2000)], [9000, gone('a')], [10_000, gone('a')])), 'b');
});

test('the order of receipt decides where the clocks of access points differ', (t) => {
  t.is(nodeOf(see([0, state('b', 'b1', -600_000)], ...birth, [2000, at('b', 'b1', -598_000)])), 'b');
});

test('a disconnect and a connect within the debounce time are one association', (t) => {
  const picture = see(...birth, [2000, gone('a')], [2036, at('a', 'a1', 2036)]);
  t.like(picture.clients.get(mac)?.place, { node: 'a', arrivedAtMs: 1000, leftAtMs: undefined });
  const later = see(...birth, [2000, gone('a')], [2400, at('a', 'a1', 2400)]);
  t.like(later.clients.get(mac)?.place, { node: 'a', arrivedAtMs: 2400 });
});

test('an agent that starts anew and stamps its stale entry anew does not look like a roam', (t) => {
  const roamed: [number, Observed][] = [...birth, [2000, at('b', 'b1', 2000)]];
  t.is(nodeOf(see(...roamed, [5000, at('a', 'a2', 5000)], [5001, state('a', 'a2', 5001)])), 'b');
  t.is(nodeOf(see(...roamed, [5000, at('a', 'a2', 1000)], [5001, state('a', 'a2', 5001)])), 'b');
});

test('a node that goes offline keeps its client; the will of an earlier session is not believed', (t) => {
  t.is(nodeOf(see(...birth, [3000, state('a', 'a1', 3000, 'offline')])), 'a');
  const late = see(...birth, [3000, state('a', 'a2', 3000)], [4000, state('a', 'a1', 4000, 'offline')]);
  t.is(late.nodes.get('a')?.state?.status, 'online');
});

test('the highest generation of a container wins, and equal ones are a conflict', (t) => {
  const has = (node: string, generation: number): Observed => ({
    kind: 'node-container',
    node,
    name: 'web',
    document: nodeContainer(node, 'web', generation),
  });
  t.like(see([0, has('a', 1)], [1, has('b', 2)]).containers.get('web'), { document: { node: 'b' }, conflict: [] });
  t.deepEqual(see([0, has('a', 2)], [1, has('b', 2)]).containers.get('web')?.conflict, ['a', 'b']);
});

test('the picture that was given is not changed', (t) => {
  const before = see(...birth);
  fold(before, { ...gone('a'), atMs: 5000, retained: false }, settings);
  t.is(before.clients.get(mac)?.place?.leftAtMs, undefined);
});
