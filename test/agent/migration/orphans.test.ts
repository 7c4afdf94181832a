import test from 'ava';
import { giveUpOrphans } from '../../../agent/migration/orphans.ts';
import { TagalongError } from '../../../broker/contract/errors.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

test('only what was silent for long, and what its source knows nothing of, is given up', async (t) => {
  const asked: string[] = [];
  const given: string[] = [];
  const waiting = [
    { migration: 'new', from: 'ap1', idleMs: 1000 },
    { migration: 'known', from: 'ap1', idleMs: 60_000 },
    { migration: 'left', from: 'ap1', idleMs: 60_000 },
    { migration: 'unclear', from: 'ap3', idleMs: 60_000 },
  ];
  const incoming = {
    waiting: () => waiting,
    abort: async (migration: string) => {
      given.push(migration);
      return 'aborted' as const;
    },
  };
  const isKnown = async (source: string, migration: string) => {
    asked.push(migration);
    if (source === 'ap3') throw new TagalongError('peer-unreachable', { node: source, problem: 'no route' });
    return migration === 'known';
  };
  await giveUpOrphans(incoming, isKnown, quiet);
  t.deepEqual(asked.sort(), ['known', 'left', 'unclear']);
  t.deepEqual(given, ['left']);
});
