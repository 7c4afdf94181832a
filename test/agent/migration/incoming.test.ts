import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeKeptState } from '../../../agent/containers/keptState.ts';
import { placeOf } from '../../../agent/containers/place.ts';
import type { ContainerRecord, ContainerSpec } from '../../../agent/containers/record.ts';
import { openBases } from '../../../agent/memory/bases.ts';
import type { Expected } from '../../../agent/migration/arrival.ts';
import { makeIncoming } from '../../../agent/migration/incoming.ts';
import type { IncomingOptions } from '../../../agent/migration/incomingOptions.ts';
import { openOutcomes } from '../../../agent/migration/outcomes.ts';
import type { TagalongError } from '../../../broker/contract/errors.ts';
import { pageBytes } from '../memory/support/pages.ts';
import { temporary } from '../memory/support/temporary.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const id = '6f1c2f4e-6a54-4f0e-9c65-0f5f0a1f8f11';
const move = (migration: string, from = 'ap1'): Expected => ({
  migration,
  from,
  generation: 2,
  spec: { name: 'web', volumes: [] } as unknown as ContainerSpec,
});

async function room(t: ExecutionContext) {
  const top = temporary(t);
  const configuration = { node: 'ap2', dataDirectory: join(top, 'data'), runDirectory: join(top, 'run') };
  const expected: ContainerRecord[] = [];
  const removed: string[] = [];
  const bases = openBases(join(top, 'bases'), pageBytes, 1 << 30);
  t.teardown(bases.close);
  const options = {
    configuration,
    bases,
    outcomes: await openOutcomes(join(top, 'outcomes')),
    pageBytes,
    log: quiet,
    keptState: makeKeptState(join(top, 'kept'), 1 << 20),
    endpointOf: () => undefined,
    gracePeriods: { hasten: () => undefined },
    containers: {
      get: () => undefined,
      list: () => [],
      place: (name: string) => placeOf(configuration as Parameters<typeof placeOf>[0], name),
      expect: async (record: ContainerRecord) => void expected.push(record),
      remove: async (name: string) => void removed.push(name),
    },
  } as unknown as IncomingOptions;
  return { incoming: makeIncoming(options), options, bases, expected, removed, run: configuration.runDirectory };
}

test('a move that is opened is noted with its source, and told what is known of its memory', async (t) => {
  const { incoming, bases, expected } = await room(t);
  t.deepEqual(await incoming.open(move('m1')), { base: undefined, hasFiles: false });
  t.like(expected[0], { arrival: 'm1', arrivalFrom: 'ap1', status: 'creating', generation: 2 });
  await incoming.abort('m1');
  bases.create('web', id);
  t.deepEqual(await incoming.open(move('m2')), { base: { id, sequence: 0 }, hasFiles: false });
});

test('a round that is still on its way when a move is opened loses its claim', async (t) => {
  const { incoming, bases } = await room(t);
  const claim = bases.claim('web');
  await incoming.open(move('m1'));
  t.is((t.throws(claim.check) as TagalongError | undefined)?.code, 'transfer-failed');
});

test('a source that begins another move of a container has forgotten the earlier one, which is given up', async (t) => {
  const { incoming, options, removed, run } = await room(t);
  await incoming.open(move('m1'));
  t.true(existsSync(join(run, 'migrations/m1')));
  await incoming.open(move('m2'));
  t.is((await options.outcomes.get('m1'))?.outcome, 'aborted');
  t.deepEqual([...new Set(removed)], ['web']);
  t.false(existsSync(join(run, 'migrations/m1')));
  t.true(existsSync(join(run, 'migrations/m2')));
  const late = await t.throwsAsync(incoming.commit('m1'));
  t.is((late as TagalongError).code, 'unknown-migration');
});

test('another source, and an earlier move that was committed, are respected', async (t) => {
  const { incoming, options } = await room(t);
  await incoming.open(move('m1'));
  t.is(((await t.throwsAsync(incoming.open(move('m2', 'ap3')))) as TagalongError).code, 'container-busy');
  await options.outcomes.settle({ migration: 'm1', container: 'web', outcome: 'committed' });
  t.is(((await t.throwsAsync(incoming.open(move('m3')))) as TagalongError).code, 'container-busy');
  t.is(await incoming.abort('m1'), 'committed');
});

test('a move that was aborted cannot be opened, and one that is not restored cannot be committed', async (t) => {
  const { incoming, options } = await room(t);
  t.is(await incoming.abort('m1'), 'aborted');
  t.is(((await t.throwsAsync(incoming.open(move('m1')))) as TagalongError).code, 'unknown-migration');
  await incoming.open(move('m2'));
  t.is(((await t.throwsAsync(incoming.commit('m2'))) as TagalongError).code, 'unknown-migration');
  t.is(await options.outcomes.get('m2'), undefined);
});

test('what an earlier arrival left behind is removed before the next one', async (t) => {
  const { incoming, options, removed } = await room(t);
  mkdirSync(options.containers.place('web').rootFileSystem, { recursive: true });
  await incoming.open(move('m1'));
  t.deepEqual(removed, ['web']);
});

test('a move is opened only when an earlier one of the container is wholly given up', async (t) => {
  const { incoming, options } = await room(t);
  await incoming.open(move('m1'));
  const removal = Promise.withResolvers<void>();
  const order: string[] = [];
  options.containers.remove = async () => {
    order.push('removing');
    await removal.promise;
    order.push('removed');
  };
  const aborting = incoming.abort('m1');
  while (order.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const opening = incoming.open(move('m2')).then(() => order.push('opened'));
  removal.resolve();
  await Promise.all([aborting, opening]);
  t.is(order.indexOf('removed'), 1);
  t.is(order.at(-1), 'opened');
});
