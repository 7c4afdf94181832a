import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openBases } from '../../../agent/memory/bases.ts';
import { makePageSet } from '../../../agent/memory/pageSet.ts';
import { openAccount } from '../../../agent/migration/account.ts';
import { conduct } from '../../../agent/migration/conduct.ts';
import { makeDoubts } from '../../../agent/migration/doubts.ts';
import type { Move } from '../../../agent/migration/move.ts';
import type { PageSupply } from '../../../agent/migration/pageSupply.ts';
import { type Phase, phaseTable } from '../../../agent/migration/phases.ts';
import { planMigration } from '../../../agent/migration/plan.ts';
import { TagalongError } from '../../../broker/contract/errors.ts';
import { temporary } from '../memory/support/temporary.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const id = '6f1c2f4e-6a54-4f0e-9c65-0f5f0a1f8f11';
const pageBytes = 64;
const run = (page: number) => ({ pid: 1, page, count: 1 });

/** In place of `ip`: one that does what it is told, or cannot. */
function fakeIp(t: ExecutionContext, exitCode: number): void {
  const directory = temporary(t);
  writeFileSync(join(directory, 'ip'), `#!/bin/sh\ncat >/dev/null\nexit ${exitCode}\n`, { mode: 0o755 });
  const before = process.env['PATH'];
  process.env['PATH'] = `${directory}:${before}`;
  t.teardown(() => {
    process.env['PATH'] = before;
  });
}

/** A move whose container is frozen or not, with a destination that answers as it is told. */
function room(t: ExecutionContext, answers: { commit?: unknown; abort?: 'committed' | 'aborted' | 'none' } = {}) {
  const top = temporary(t);
  const place = { directory: top, state: join(top, 'state'), port: 'tp-web', networkNamespace: 'web' };
  mkdirSync(place.state);
  const cancelling = new AbortController();
  const stopping = new AbortController();
  const done: string[] = [];
  const note = (what: string) => {
    done.push(what);
  };
  const updates: object[] = [];
  const bases = openBases(join(top, 'bases'), pageBytes, 1 << 30);
  t.teardown(bases.close);
  const base = bases.create('web', id);
  base.store.zero({ pid: 1, page: 0, count: 8 });
  const account = openAccount(
    {
      id: 'm1',
      container: 'web',
      generation: 2,
      from: 'ap1',
      to: 'ap2',
      technique: 'cold',
      techniqueReason: 'because',
      estimate: { technique: 'cold', downtimeMs: 50, totalMs: 90, sentBytes: 1000 },
      request: { container: 'web', to: 'ap2' },
    },
    { wall: () => new Date(), monotonic: () => performance.now() },
  );
  let phaseToCancelIn: Phase | undefined;
  const cancelled = (phase: Phase) => new TagalongError('migration-cancelled', { migration: 'm1', phase, node: 'ap1' });
  /** As peers do: what is under way ends with the reason of the signal. */
  const underWay = (signal: AbortSignal | undefined) =>
    new Promise<never>((_, reject) => {
      if (signal?.aborted) reject(signal.reason);
      else signal?.addEventListener('abort', () => reject(signal.reason));
    });
  const peers = {
    links: () => ({}),
    async ask(
      _node: string,
      _method: string,
      path: string,
      _body: object,
      _answer: object,
      options?: { signal?: AbortSignal },
    ) {
      note(path.split('/').at(-1) ?? '');
      if (path.endsWith('/hold') || path.endsWith('/adopted')) return { done: true };
      if (path.endsWith('/abort')) {
        if (answers.abort === 'none') throw new TagalongError('peer-unreachable', { node: 'ap2', problem: 'no route' });
        return { outcome: answers.abort ?? 'aborted' };
      }
      if (path.endsWith('/commit')) {
        if (answers.commit instanceof Error) throw answers.commit;
        return answers.commit;
      }
      return await underWay(options?.signal);
    },
    send: (_node: string, _path: string, _write: unknown, _answer: object, options?: { signal?: AbortSignal }) =>
      underWay(options?.signal),
  };
  const doubts = makeDoubts();
  const move = {
    id: 'm1',
    spec: { name: 'web', mac: '02:00:00:00:00:05', address: '10.0.0.5', prefixLength: 24 },
    to: 'ap2',
    generation: 2,
    place,
    directory: join(top, 'migration'),
    freezer: { freezeTraceable: async () => note('freeze'), thaw: async () => note('thaw'), processes: async () => [] },
    account,
    signal: cancelling.signal,
    stopping: stopping.signal,
    configuration: { node: 'ap1', bridge: 'lo' },
    containers: {
      update: async (_name: string, change: object) => void updates.push(change),
      remove: async () => note('remove'),
      list: () => [{ spec: { name: 'web' } }],
    },
    peers,
    log: quiet,
    technique: 'cold',
    bases,
    pageBytes,
    preparations: { takeFor: async () => undefined },
    experience: { learn: async () => undefined, correctionsFor: () => ({}), noteDirtyRate: () => undefined },
    gracePeriods: { hasten: () => undefined },
    doubts,
    supplies: new Map<string, PageSupply>(),
    memory: { base, choice: {}, hot: makePageSet(), dirtyBytesPerSecond: () => undefined },
    waitingIp: { carryOut: async () => note('network'), end: async () => undefined },
    checkpoint: {
      dump: async () => undefined,
      letGo: async () => undefined,
      cancel: async () => note('checkpoint-end'),
    },
    progressed: () => {
      if (account.phase === phaseToCancelIn) cancelling.abort(cancelled(account.phase));
    },
  } as unknown as Move;
  return {
    move,
    doubts,
    base,
    bases,
    done,
    updates,
    stopping,
    cancelIn: (phase: Phase) => {
      phaseToCancelIn = phase;
      if (phase === 'accepted') cancelling.abort(cancelled(phase));
    },
  };
}

const order = Object.keys(phaseTable) as Phase[];
const cancellable = order.filter((phase) => phaseTable[phase].cancellable);

for (const phase of cancellable) {
  test.serial(`a move that is cancelled while it is ${phase} ends, and the container runs on here`, async (t) => {
    fakeIp(t, 0);
    const { move, done, updates, cancelIn } = room(t);
    cancelIn(phase);
    const steps = planMigration({ technique: 'cold', imageDigest: 'sha256-x', lacksImage: false }).filter(
      (step) => order.indexOf(step.phase) >= order.indexOf(phase),
    );
    await conduct(move, steps, () => done.push('told'));
    t.is(move.account.phase, 'cancelled');
    t.is(move.account.document().error?.code, 'migration-cancelled');
    t.falsy(move.committed);
    t.false(done.includes('commit'));
    t.false(done.includes('remove'));
    t.true(done.includes('abort'));
    t.is(done.filter((what) => what === 'told').length, 1);
    t.is(done.filter((what) => what === 'freeze').length, done.filter((what) => what === 'thaw').length);
    t.deepEqual(updates.at(-1), { status: 'running', handOver: undefined });
  });
}

test.serial('a network that cannot be opened again keeps nothing else from being undone', async (t) => {
  fakeIp(t, 1);
  const { move, base, bases, done, updates, cancelIn } = room(t);
  base.begin();
  const changedPages = makePageSet();
  changedPages.add(run(2));
  move.frozenMemory = { changedPages } as NonNullable<Move['frozenMemory']>;
  cancelIn('freezing');
  await conduct(
    move,
    [
      { kind: 'freeze', phase: 'freezing' },
      { kind: 'commit', phase: 'restoring' },
    ],
    () => undefined,
  );
  t.is(move.account.phase, 'cancelled');
  t.true(done.includes('thaw'));
  t.true(done.includes('abort'));
  t.false(base.store.has(1, 2));
  t.deepEqual(bases.identityOf('web'), { id, sequence: 0 });
  t.like(updates.at(-1), { status: 'frozen' });
});

const restored = planMigration({ technique: 'post-copy', imageDigest: 'sha256-x', lacksImage: false }).filter(
  ({ kind }) => kind === 'commit' || kind === 'serve-pages' || kind === 'clean-up',
);

/** A supply whose pages somebody has fetched in part. */
function fakeSupply() {
  const released = Promise.withResolvers<void>();
  const calls: string[] = [];
  const supply = {
    serve: async () => undefined,
    begin: () => calls.push('begin'),
    release: () => released.resolve(),
    released: released.promise,
    changedRuns: () => [run(5)],
  } as unknown as PageSupply;
  return { supply, calls };
}

test('a move that is undone forgets what was sent and what was fetched, and keeps the rest', async (t) => {
  const { move, base, bases, cancelIn } = room(t);
  const changedPages = makePageSet();
  changedPages.add(run(2));
  move.frozenMemory = { changedPages } as NonNullable<Move['frozenMemory']>;
  move.supply = fakeSupply().supply;
  base.begin();
  cancelIn('accepted');
  await conduct(move, restored, () => undefined);
  t.deepEqual(
    Array.from({ length: 8 }, (_, page) => page).filter((page) => !base.store.has(1, page)),
    [2, 5],
  );
  t.deepEqual(bases.identityOf('web'), { id, sequence: 0 });
});

test('a commit whose answer was lost is asked for; if it holds, pages are served until all are there', async (t) => {
  const { move, done } = room(t, { commit: new Error('the link broke'), abort: 'committed' });
  const { supply, calls } = fakeSupply();
  move.supply = supply;
  const ended = conduct(move, restored, () => undefined);
  while (calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.false(done.includes('remove'));
  supply.release();
  await ended;
  t.is(move.account.phase, 'completed');
  t.true(done.includes('remove'));
  t.false(done.includes('thaw'));
});

test('a container that the destination lost with its power, while pages were on their way, goes on here', async (t) => {
  const { move, done, updates } = room(t, { commit: { resumedAfterMs: 1 }, abort: 'aborted' });
  move.supply = fakeSupply().supply;
  await conduct(move, restored, () => undefined);
  t.is(move.account.phase, 'failed');
  t.is(move.account.document().error?.code, 'destination-lost');
  t.false(done.includes('remove'));
  // above what the destination may have said of itself
  t.deepEqual(updates.at(-1), { status: 'running', handOver: undefined, generation: 3 });
});

test('a commit whose answer was lost and that was refused leaves the container here', async (t) => {
  const { move, done, updates } = room(t, { commit: new Error('the link broke'), abort: 'aborted' });
  await conduct(move, restored, () => undefined);
  t.is(move.account.phase, 'failed');
  t.false(done.includes('remove'));
  // above what the destination may have said of itself
  t.deepEqual(updates.at(-1), { status: 'running', handOver: undefined, generation: 3 });
});

for (const keep of ['here', 'there'] as const) {
  test(`a commit that nobody answers stands still until somebody decides that it be ${keep}`, async (t) => {
    const { move, done, updates, doubts } = room(t, { commit: new Error('the link broke'), abort: 'none' });
    const ended = conduct(move, restored, () => undefined);
    while (!updates.some((change) => 'error' in change)) await new Promise((resolve) => setImmediate(resolve));
    t.like(updates.at(-1), { status: 'frozen' });
    t.false(done.includes('thaw') || done.includes('remove'));
    doubts.decide('web', keep);
    await ended;
    t.is(move.account.phase, keep === 'here' ? 'failed' : 'completed');
    t.is(done.includes('remove'), keep === 'there');
    // higher than the one that the destination may run
    t.is(
      updates.some((change) => 'generation' in change && change.generation === 3),
      keep === 'here',
    );
    t.throws(() => doubts.check('web'));
  });
}

for (const [title, commit] of [
  ['after the commit', { resumedAfterMs: 1 }],
  ['after a commit whose answer was lost', new Error('the link broke')],
] as const) {
  test(`an agent that stops while pages are served ${title} leaves all as it is`, async (t) => {
    const { move, done, updates, stopping } = room(t, { commit, abort: 'committed' });
    const { supply, calls } = fakeSupply();
    move.supply = supply;
    const ended = conduct(move, restored, () => undefined);
    while (calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stopping.abort(new Error('the agent stops'));
    await ended;
    t.false(done.includes('remove'));
    t.false(done.includes('thaw'));
    t.false(updates.some((change) => 'status' in change));
  });
}

test('an agent that stops just before pages are served stops too', async (t) => {
  const { move, done, stopping } = room(t, { commit: { resumedAfterMs: 1 } });
  move.supply = fakeSupply().supply;
  stopping.abort(new Error('the agent stops'));
  await conduct(move, restored, () => undefined);
  t.true(move.committed);
  t.false(done.includes('remove'));
});
