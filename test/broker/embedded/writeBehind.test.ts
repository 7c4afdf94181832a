import test from 'ava';
import { makeWriteBehind } from '../../../broker/embedded/writeBehind.ts';

interface Entry {
  topic: string;
  version: number;
}

test('of each topic the newest document is written, in order, and waited for', async (t) => {
  const written: string[] = [];
  const first = Promise.withResolvers<void>();
  const behind = makeWriteBehind<Entry>(
    async ({ topic, version }) => {
      if (version === 1) await first.promise;
      written.push(`${topic}${version}`);
    },
    () => t.fail('every write works'),
  );
  for (const version of [1, 2, 3]) behind.put({ topic: 'a', version });
  behind.put({ topic: 'b', version: 4 });
  const settled = behind.settled();
  t.deepEqual(written, []);
  first.resolve();
  await settled;
  t.deepEqual(written, ['a1', 'a3', 'b4']);
  await behind.settled();
});

test('a document that could not be written is tried again with the next change, unless a newer one came', async (t) => {
  const written: string[] = [];
  const failures: unknown[] = [];
  let isFull = true;
  const behind = makeWriteBehind<Entry>(
    async ({ topic, version }) => {
      if (isFull) throw new Error('no space');
      written.push(`${topic}${version}`);
    },
    (error) => failures.push(error),
  );
  behind.put({ topic: 'a', version: 1 });
  behind.put({ topic: 'b', version: 1 });
  await behind.settled();
  t.true(failures.length > 0);
  isFull = false;
  behind.put({ topic: 'b', version: 2 });
  await behind.settled();
  t.deepEqual(written.sort(), ['a1', 'b2']);
});
