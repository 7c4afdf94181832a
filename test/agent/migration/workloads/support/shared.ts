import test from 'ava';
import type { Closing } from './site.ts';

/**
 * Starts something once for all tests of a file, and takes it down after the last one, however they ended.
 *
 * @param start - runs before the first test; what it hands to `teardown` is undone in the opposite order
 * @returns what was started; to be called from within tests
 */
export function sharedByTests<T>(start: (closing: Closing) => Promise<T>): () => T {
  const undoing: (() => unknown)[] = [];
  let started: { value: T } | undefined;
  test.before('what the tests share is started', async (t) => {
    t.timeout(240_000);
    started = { value: await start({ teardown: (undo) => void undoing.unshift(undo) }) };
  });
  test.after.always('what the tests shared is taken down', async (t) => {
    t.timeout(120_000);
    for (const undo of undoing) await undo();
  });
  return () => {
    if (started === undefined) throw new Error('what the tests share was not started');
    return started.value;
  };
}
