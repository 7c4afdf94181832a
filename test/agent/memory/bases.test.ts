import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openBases } from '../../../agent/memory/bases.ts';
import type { TagalongError } from '../../../broker/contract/errors.ts';
import { content, contentOf, pageBytes } from './support/pages.ts';
import { temporary } from './support/temporary.ts';

const id = '6f1c2f4e-6a54-4f0e-9c65-0f5f0a1f8f11';
const other = '1d0c2f4e-6a54-4f0e-9c65-0f5f0a1f8f22';
const run = { pid: 1, page: 0, count: 4 };
const plenty = 1 << 30;

test('one that was begun and taken in is one further, also after a restart', (t) => {
  const directory = temporary(t);
  const bases = openBases(directory, pageBytes, plenty);
  const base = bases.create('web', id);
  t.deepEqual(bases.identityOf('web'), { id, sequence: 0 });
  base.begin();
  base.store.write(run, content(run, 1));
  base.advance();
  t.deepEqual(base.identity, { id, sequence: 1 });
  bases.close();
  const later = openBases(directory, pageBytes, plenty);
  t.deepEqual(later.identityOf('web'), { id, sequence: 1 });
  t.is(later.open('web', { id, sequence: 0 }), undefined);
  t.is(later.open('web', { id: other, sequence: 1 }), undefined);
  t.is(later.open('db', { id, sequence: 1 }), undefined);
  t.is(contentOf(later.open('web', { id, sequence: 1 })?.store ?? base.store).size, 4);
  later.close();
});

test('a crash between the beginning and the end of a round makes it worthless', (t) => {
  const directory = temporary(t);
  const before = openBases(directory, pageBytes, plenty);
  const base = before.create('web', id);
  base.begin();
  base.advance();
  base.begin();
  base.store.write(run, content(run, 1));
  const later = openBases(directory, pageBytes, plenty);
  t.is(later.identityOf('web'), undefined);
  t.is(later.open('web', { id, sequence: 1 }), undefined);
  later.trim(new Set());
  t.deepEqual(readdirSync(directory), []);
  before.close();
});

test('a round that failed leaves it as it was, but for the pages that may have been taken in', (t) => {
  const directory = temporary(t);
  const bases = openBases(directory, pageBytes, plenty);
  const base = bases.create('web', id);
  base.begin();
  base.store.write(run, content(run, 1));
  base.advance();
  base.begin();
  base.store.write({ ...run, count: 1 }, content(run, 2));
  base.undo([{ ...run, count: 1 }]);
  t.deepEqual(bases.identityOf('web'), { id, sequence: 1 });
  bases.close();
  const later = openBases(directory, pageBytes, plenty);
  t.deepEqual(
    [...contentOf(later.open('web', { id, sequence: 1 })?.store ?? base.store).keys()],
    ['1/1', '1/2', '1/3'],
  );
  later.close();
});

test('what another process wrote is seen after a release', (t) => {
  const directory = temporary(t);
  const bases = openBases(directory, pageBytes, plenty);
  const { store } = bases.create('web', id);
  const pager = openBases(directory, pageBytes, plenty).open('web', { id, sequence: 0 });
  pager?.store.write(run, content(run, 3));
  pager?.store.close();
  t.is(store.knownPages, 0);
  bases.release('web');
  t.is(bases.open('web', { id, sequence: 0 })?.store.knownPages, 4);
  bases.close();
});

test('one for pages of another size, and one that is damaged, is none', (t) => {
  const directory = temporary(t);
  const bases = openBases(directory, pageBytes, plenty);
  for (const name of ['web', 'db', 'odd']) bases.create(name, id);
  bases.close();
  t.is(openBases(directory, 2 * pageBytes, plenty).identityOf('web'), undefined);
  writeFileSync(join(directory, 'web/base.json'), '{"id":');
  writeFileSync(join(directory, 'db/index'), Buffer.alloc(24, 0xff));
  writeFileSync(join(directory, 'odd/base.json'), JSON.stringify({ id, sequence: -1, pageBytes, usedAt: 0 }));
  const later = openBases(directory, pageBytes, plenty);
  t.is(later.open('web', { id, sequence: 0 }), undefined);
  t.is(later.open('db', { id, sequence: 0 }), undefined);
  t.is(later.identityOf('odd'), undefined);
  later.trim(new Set());
  t.deepEqual(readdirSync(directory), []);
});

test('a new one replaces what there was; who still has the old one does no harm to it', (t) => {
  const bases = openBases(temporary(t), pageBytes, plenty);
  const old = bases.create('web', id);
  old.begin();
  old.store.write(run, content(run, 1));
  const fresh = bases.create('web', other);
  t.is(fresh.store.knownPages, 0);
  t.throws(() => old.store.write(run, content(run, 2)));
  t.is((t.throws(() => old.advance()) as TagalongError | undefined)?.code, 'bug');
  t.is((t.throws(() => old.begin()) as TagalongError | undefined)?.code, 'bug');
  t.notThrows(() => old.undo([run]));
  t.deepEqual(bases.identityOf('web'), { id: other, sequence: 0 });
  bases.close();
  t.deepEqual(bases.identityOf('web'), { id: other, sequence: 0 });
});

test('a later claim takes an earlier one away, and so does the beginning of a round from here', (t) => {
  const bases = openBases(temporary(t), pageBytes, plenty);
  const base = bases.create('web', id);
  const refused = (call: () => void) => (t.throws(call) as TagalongError | undefined)?.code;
  const [first, elsewhere] = [bases.claim('web'), bases.claim('db')];
  first.check();
  const second = bases.claim('web');
  t.is(refused(first.check), 'transfer-failed');
  first.end();
  second.check();
  base.begin();
  t.is(refused(second.check), 'transfer-failed');
  elsewhere.check();
  elsewhere.end();
  t.is(refused(elsewhere.check), 'transfer-failed');
  bases.close();
});

test('the least recently used ones go first, and only as many as must', async (t) => {
  const directory = temporary(t);
  const bases = openBases(directory, pageBytes, 2500);
  const large = { pid: 1, page: 0, count: 15 };
  for (const name of ['first', 'second', 'third']) {
    const base = bases.create(name, id);
    base.begin();
    base.store.write(large, content(large, 1));
    base.advance();
    await new Promise((resolve) => setTimeout(resolve, 3)); // the clock counts milliseconds
  }
  bases.trim(new Set(['first']));
  t.deepEqual(readdirSync(directory).sort(), ['first', 'third']);
  bases.trim(new Set());
  t.deepEqual(readdirSync(directory).sort(), ['first', 'third']);
  bases.close();
});

test('none that is being written to is removed, whoever cleans up', (t) => {
  const directory = temporary(t);
  const bases = openBases(directory, pageBytes, 0);
  const sending = bases.create('sending', id);
  bases.create('taking', id);
  bases.create('idle', id);
  sending.begin();
  const claim = bases.claim('taking');
  bases.trim(new Set());
  t.deepEqual(readdirSync(directory).sort(), ['sending', 'taking']);
  sending.store.write(run, content(run, 1));
  sending.advance();
  claim.end();
  bases.trim(new Set());
  t.deepEqual(readdirSync(directory), []);
});
