import test from 'ava';
import { policySchema } from '../../../broker/contract/documents.ts';
import { decide } from '../../../policies/follow-user/decide.ts';
import type { Memory } from '../../../policies/follow-user/memory.ts';
import { fold } from '../../../policies/picture/fold.ts';
import type { Observed } from '../../../policies/picture/observation.ts';
import { emptyPicture, type SitePicture } from '../../../policies/picture/sitePicture.ts';
import { migration, nodeClient, nodeContainer, nodeInfo, nodeState } from '../documents.ts';

const mac = '02-00-00-00-00-01';
const policy = policySchema.parse({ kind: 'follow-user' });
const none: Memory = new Map();

function hear(picture: SitePicture, atMs: number, ...heard: Observed[]): SitePicture {
  return heard.reduce((next, observed) => fold(next, { ...observed, atMs, retained: false }, policy), picture);
}
function node(name: string, changes: Parameters<typeof nodeInfo>[3] = {}): Observed[] {
  return [
    { kind: 'node-info', node: name, document: nodeInfo(name, `${name}1`, 0, changes) },
    { kind: 'node-state', node: name, document: nodeState(`${name}1`, 0) },
  ];
}
function web(name: string, generation: number, changes: Parameters<typeof nodeContainer>[3] = {}): Observed {
  const document = nodeContainer(name, 'web', generation, { follows: mac, ...changes });
  return { kind: 'node-container', node: name, name: 'web', document };
}
function arrives(name: string, atMs: number): Observed {
  return { kind: 'node-client', node: name, mac, document: nodeClient(name, mac, `${name}1`, atMs) };
}

/** The container is on a, its client came to b at 1000. */
function roamed(changes: Parameters<typeof nodeInfo>[3] = {}, container: Parameters<typeof nodeContainer>[3] = {}) {
  const site = hear(emptyPicture, 0, ...node('a'), ...node('b', changes), web('a', 1, container));
  return hear(site, 1000, arrives('b', 1000));
}
const reasonsAt = (picture: SitePicture, nowMs: number, memory = none) =>
  decide(picture, policy, memory, nowMs).verdicts[0]?.reasons;

test('the dwell time is waited for, and then the container moves', (t) => {
  const early = decide(roamed(), policy, none, 1100);
  t.like(early.verdicts[0], { verdict: 'hold', reasons: ['dwell-time'] });
  t.is(early.wakeAtMs, 1200);
  const due = decide(roamed(), policy, early.memory, 1200);
  t.like(due.verdicts[0], { verdict: 'migrate', from: 'a', to: 'b', reasons: ['client-moved'] });
  t.deepEqual(reasonsAt(roamed(), 1201, due.memory), ['migration-under-way']);
});

test('what speaks against a destination is told', (t) => {
  t.deepEqual(reasonsAt(roamed({ maxContainers: 0 }), 2000), ['destination-blocked', 'node-full']);
  t.deepEqual(reasonsAt(roamed({ architecture: 'arm64' }), 2000), ['destination-blocked', 'architecture-mismatch']);
  t.deepEqual(reasonsAt(roamed({ criuVersion: undefined }), 2000), ['destination-blocked', 'criu-missing']);
  t.deepEqual(reasonsAt(roamed({ cgroup: 'v1' }), 2000), ['destination-blocked', 'cgroup-mismatch']);
  const draining = { kind: 'node-state', node: 'b', document: nodeState('b1', 0, 'draining') } as const;
  t.deepEqual(reasonsAt(hear(roamed(), 1500, draining), 2000), ['destination-blocked', 'node-draining']);
});

test('pins, conflicts and containers that do not run are left alone', (t) => {
  t.deepEqual(reasonsAt(roamed({}, { pinned: true }), 2000), ['pinned']);
  t.deepEqual(reasonsAt(roamed({}, { status: 'stopped' }), 2000), ['not-running']);
  t.deepEqual(reasonsAt(hear(roamed(), 1500, web('b', 1)), 2000), ['generation-conflict']);
});

test('a container that was moved away by hand stays there until the client associates anew', (t) => {
  let picture = hear(emptyPicture, 0, ...node('a'), ...node('b'), web('b', 1));
  picture = hear(picture, 1000, arrives('b', 1000));
  let { memory } = decide(picture, policy, none, 2000);
  const document = migration('m1', 'web', 'b', 'a', { trigger: 'manual', phase: 'completed' });
  picture = hear(picture, 3000, { kind: 'migration-event', node: 'b', id: 'm1', document }, web('a', 2));
  ({ memory } = decide(picture, policy, memory, 3000));
  t.deepEqual(reasonsAt(picture, 60_000, memory), ['placed-by-hand']);
  picture = hear(picture, 60_000, { kind: 'node-client', node: 'b', mac, document: undefined });
  picture = hear(picture, 61_000, arrives('b', 61_000));
  t.deepEqual(reasonsAt(picture, 62_000, memory), ['client-moved']);
});

test('the way back waits for the return dwell time and the rest of the cooldown, and not a moment longer', (t) => {
  const { memory } = decide(roamed(), policy, none, 1200);
  const away = hear(roamed(), 3000, web('b', 2));
  const resting = decide(away, policy, memory, 3000);
  t.like(resting.verdicts[0], { reasons: ['in-place'], from: 'b' });
  const back = hear(away, 3500, arrives('a', 3500));
  const dwelling = decide(back, policy, resting.memory, 3500);
  t.like(dwelling, { wakeAtMs: 3500 + policy.dwellMs * policy.returnDwellFactor });
  const cooling = decide(back, policy, dwelling.memory, dwelling.wakeAtMs ?? 0);
  t.like(cooling.verdicts[0], { reasons: ['cooldown'] });
  t.is(cooling.wakeAtMs, 3000 + policy.cooldownMs);
  t.like(decide(back, policy, cooling.memory, cooling.wakeAtMs ?? 0).verdicts[0], { verdict: 'migrate', to: 'a' });
});
