import { readdirSync, readlinkSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { openPageStore, type PageRun, type PageStore } from '../../../agent/memory/pageStore.ts';
import { TagalongError } from '../../../broker/contract/errors.ts';
import { arbitraryRun, content, contentOf, keysOf, pageBytes, pageOf } from './support/pages.ts';
import { temporary } from './support/temporary.ts';

type Action =
  | { kind: 'write' | 'zero' | 'forget'; run: PageRun; seed: number }
  | { kind: 'retain'; runs: PageRun[] }
  | { kind: 'reopen' };

const arbitraryAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), run: arbitraryRun, seed: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('zero' as const), run: arbitraryRun, seed: fc.constant(0) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('forget' as const), run: arbitraryRun, seed: fc.constant(0) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retain' as const), runs: fc.array(arbitraryRun) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
);

/** Does the same to a map from page to its content. */
function model(known: Map<string, string>, action: Action): void {
  if (action.kind === 'reopen') return;
  if (action.kind === 'retain') {
    const kept = new Set(action.runs.flatMap(keysOf));
    for (const key of [...known.keys()]) if (!kept.has(key)) known.delete(key);
    return;
  }
  const bytes = content(action.run, action.kind === 'write' ? action.seed : 0);
  for (const [offset, key] of keysOf(action.run).entries()) {
    if (action.kind === 'forget') known.delete(key);
    else known.set(key, pageOf(bytes, offset).toString('hex'));
  }
}

function perform(store: PageStore, action: Action): void {
  if (action.kind === 'write') store.write(action.run, content(action.run, action.seed));
  else if (action.kind === 'zero') store.zero(action.run);
  else if (action.kind === 'forget') store.forget(action.run);
  else if (action.kind === 'retain') store.retain(action.runs);
}

test('it holds what a map would, whatever is done to it, also when it is opened anew', (t) => {
  const top = temporary(t);
  let count = 0;
  fc.assert(
    fc.property(fc.array(arbitraryAction, { maxLength: 40 }), (actions) => {
      count += 1;
      const directory = join(top, String(count));
      const known = new Map<string, string>();
      let store = openPageStore(directory, pageBytes);
      for (const action of actions) {
        if (action.kind === 'reopen') {
          store.close();
          store = openPageStore(directory, pageBytes);
        } else perform(store, action);
        model(known, action);
        t.is(store.knownPages, known.size);
      }
      const other = openPageStore(directory, pageBytes);
      for (const one of [store, other]) {
        t.is(one.knownPages, known.size);
        t.deepEqual(new Map([...contentOf(one)].sort()), new Map([...known].sort()));
        one.close();
      }
    }),
    { numRuns: 400 },
  );
});

test('a run over pages of every sort is read in one piece', (t) => {
  const store = openPageStore(temporary(t), pageBytes);
  t.teardown(store.close);
  const run = { pid: 1, page: 0, count: 6 };
  const bytes = content(run, 9);
  store.write({ pid: 1, page: 4, count: 2 }, bytes.subarray(4 * pageBytes));
  store.write({ pid: 1, page: 0, count: 2 }, bytes.subarray(0, 2 * pageBytes));
  store.zero({ pid: 1, page: 2, count: 2 });
  bytes.fill(0, 2 * pageBytes, 4 * pageBytes);
  const read = Buffer.alloc(bytes.length, 0xff);
  store.read(run, read);
  t.deepEqual(read, bytes);
});

test('to read a page that is not known is a mistake', (t) => {
  const store = openPageStore(temporary(t), pageBytes);
  t.teardown(store.close);
  store.write({ pid: 1, page: 0, count: 1 }, content({ pid: 1, page: 0, count: 1 }, 1));
  const error = t.throws(() => store.read({ pid: 1, page: 0, count: 2 }, Buffer.alloc(2 * pageBytes)));
  t.is((error as TagalongError | undefined)?.code, 'bug');
});

test('room that became free is used again, whatever the length of runs, also after it is opened anew', (t) => {
  const directory = temporary(t);
  let store = openPageStore(directory, pageBytes);
  const run = { pid: 1, page: 0, count: 16 };
  for (let round = 1; round <= 50; round += 1) {
    store.write(run, content(run, round));
    if (round % 2 === 0) store.zero(run);
    else store.forget(run);
    if (round % 10 === 0) {
      store.close();
      store = openPageStore(directory, pageBytes);
    }
  }
  store.close();
  t.true(statSync(join(directory, 'pages')).size <= 2 * run.count * pageBytes);
});

const entry = (pid: number, count: number, page: number, slot: number) => {
  const bytes = Buffer.alloc(24);
  bytes.writeUInt32LE(pid, 0);
  bytes.writeUInt32LE(count, 4);
  bytes.writeDoubleLE(page, 8);
  bytes.writeInt32LE(slot, 16);
  return bytes;
};

const damaged: [string, Buffer][] = [
  ['a page that has no number', entry(1, 1, Number.NaN, -1)],
  ['a page of infinity', entry(1, 1, Number.POSITIVE_INFINITY, -1)],
  ['a page below zero', entry(1, 1, -3, -1)],
  ['a slot that is none', entry(1, 1, 5, -3)],
  ['slots behind the end', entry(1, 1, 5, 1000)],
  ['four billion pages of zeros', entry(1, 0xffff_ffff, 5, -1)],
];

for (const [what, bytes] of damaged) {
  test(`an index with ${what} is refused, and no file stays open`, (t) => {
    const directory = temporary(t);
    openPageStore(directory, pageBytes).close();
    writeFileSync(join(directory, 'index'), bytes);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const error = t.throws(() => openPageStore(directory, pageBytes), { instanceOf: TagalongError });
      t.is((error as TagalongError).code, 'bad-image');
    }
    t.is(openFilesBelow(directory), 0);
  });
}

function openFilesBelow(directory: string): number {
  const targets = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // that of this very listing
    }
  });
  return targets.filter((target) => target.startsWith(directory)).length;
}

test('random bytes for an index give a store or a refusal', (t) => {
  const directory = temporary(t);
  openPageStore(directory, pageBytes).close();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      writeFileSync(join(directory, 'index'), bytes);
      try {
        openPageStore(directory, pageBytes).close();
      } catch (error) {
        t.is((error as TagalongError).code, 'bad-image');
      }
    }),
  );
  t.is(openFilesBelow(directory), 0);
});

test('an index that was cut within an entry is as before that entry', (t) => {
  const directory = temporary(t);
  const store = openPageStore(directory, pageBytes);
  store.write({ pid: 1, page: 0, count: 2 }, content({ pid: 1, page: 0, count: 2 }, 1));
  store.write({ pid: 7, page: 9, count: 1 }, content({ pid: 7, page: 9, count: 1 }, 2));
  store.close();
  truncateSync(join(directory, 'index'), 24 + 11);
  const again = openPageStore(directory, pageBytes);
  t.is(again.knownPages, 2);
  again.write({ pid: 7, page: 9, count: 1 }, content({ pid: 7, page: 9, count: 1 }, 3));
  again.close();
  const last = openPageStore(directory, pageBytes);
  t.teardown(last.close);
  t.is(contentOf(last).get('7/9'), content({ pid: 7, page: 9, count: 1 }, 3).toString('hex'));
});

test('pages that were cut off are missed', (t) => {
  const directory = temporary(t);
  const run = { pid: 1, page: 0, count: 3 };
  const store = openPageStore(directory, pageBytes);
  t.teardown(store.close);
  store.write(run, content(run, 1));
  truncateSync(join(directory, 'pages'), 2 * pageBytes + 1);
  for (const act of [() => store.read(run, Buffer.alloc(3 * pageBytes)), () => openPageStore(directory, pageBytes)]) {
    t.is((t.throws(act) as TagalongError | undefined)?.code, 'bad-image');
  }
});

test('who still has a closed one cannot do harm to files that were opened since', (t) => {
  const top = temporary(t);
  const run = { pid: 1, page: 0, count: 1 };
  const closed = openPageStore(join(top, 'a'), pageBytes);
  closed.close();
  const other = openPageStore(join(top, 'b'), pageBytes); // the kernel gives the same numbers again
  other.write(run, content(run, 1));
  t.throws(() => closed.write(run, content(run, 2)));
  t.throws(() => closed.zero(run));
  t.throws(() => closed.forget(run));
  closed.close();
  t.is(contentOf(other).get('1/0'), content(run, 1).toString('hex'));
  other.write(run, content(run, 3));
  other.close();
});

test('what another process has written since is taken in, and a store that took its place is told from it', (t) => {
  const directory = temporary(t);
  const [writer, reader] = [openPageStore(directory, pageBytes), openPageStore(directory, pageBytes)];
  t.teardown(reader.close);
  const run = { pid: 1, page: 5, count: 3 };
  writer.write(run, content(run, 1));
  t.false(reader.has(1, 5));
  t.true(reader.refresh());
  const read = (store: typeof reader) => {
    const into = Buffer.alloc(3 * pageBytes);
    store.read(run, into);
    return into;
  };
  t.deepEqual(read(reader), content(run, 1));
  writer.zero({ pid: 1, page: 6, count: 1 });
  writer.forget({ pid: 1, page: 7, count: 1 });
  writer.write({ pid: 2, page: 0, count: 1 }, content({ pid: 2, page: 0, count: 1 }, 9));
  t.true(reader.refresh());
  t.is(reader.knownPages, writer.knownPages);
  t.false(reader.has(1, 7));
  // what it writes now lands in no slot that is taken
  const more = { pid: 3, page: 0, count: 4 };
  reader.write(more, content(more, 3));
  const again = openPageStore(directory, pageBytes);
  t.teardown(again.close);
  const [other, mine] = [Buffer.alloc(pageBytes), Buffer.alloc(4 * pageBytes)];
  again.read({ pid: 2, page: 0, count: 1 }, other);
  again.read(more, mine);
  t.deepEqual(other, content({ pid: 2, page: 0, count: 1 }, 9));
  t.deepEqual(mine, content(more, 3));

  writer.close();
  rmSync(directory, { recursive: true });
  t.false(reader.refresh(), 'there is none any more');
  const next = openPageStore(directory, pageBytes);
  t.teardown(next.close);
  t.false(reader.refresh());
});
