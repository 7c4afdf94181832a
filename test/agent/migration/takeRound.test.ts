import { PassThrough, Readable } from 'node:stream';
import test from 'ava';
import { encodeHeader } from '../../../agent/channel/records.ts';
import { openBases } from '../../../agent/memory/bases.ts';
import { takeRound } from '../../../agent/migration/takeRound.ts';
import type { ErrorCode, TagalongError } from '../../../broker/contract/errors.ts';
import { content, contentOf, pageBytes } from '../memory/support/pages.ts';
import { temporary } from '../memory/support/temporary.ts';

const id = '6f1c2f4e-6a54-4f0e-9c65-0f5f0a1f8f11';
const other = '1d0c2f4e-6a54-4f0e-9c65-0f5f0a1f8f22';
const run = { pid: 1, page: 3, count: 2 };

const head = (sequence: number, isNew = sequence === 0, of = id) =>
  encodeHeader({ kind: 'round', sizeBytes: 0, id: of, sequence, isNew, from: 'ap1' } as {
    kind: string;
    sizeBytes: number;
  });
const pages = (seed: number) => [
  encodeHeader({ kind: 'pages', encoding: 'plain', sizeBytes: 2 * pageBytes, runs: [[1, 3, 2]] } as {
    kind: string;
    sizeBytes: number;
  }),
  content(run, seed),
];
const end = encodeHeader({ kind: 'end', sizeBytes: 0 });
const stream = (...pieces: Buffer[]) => Readable.from(pieces);
const unheard = () => undefined;
const basesIn = (directory: string) => openBases(directory, pageBytes, 1 << 30);

test('rounds follow each other, each on top of the one before', async (t) => {
  const bases = basesIn(temporary(t));
  t.teardown(bases.close);
  t.deepEqual(await takeRound('web', stream(head(0), ...pages(1), end), bases, unheard), { sequence: 1 });
  t.deepEqual(await takeRound('web', stream(head(1), ...pages(2), end), bases, unheard), { sequence: 2 });
  const store = bases.open('web', { id, sequence: 2 })?.store;
  t.is(store === undefined ? '' : contentOf(store).get('1/3'), content(run, 2).subarray(0, pageBytes).toString('hex'));
});

const refused: [string, Buffer[], ErrorCode][] = [
  ['of another sequence', [head(2), ...pages(9), end], 'bad-image'],
  ['that was taken in before', [head(0, false), ...pages(9), end], 'bad-image'],
  ['of another base', [head(1, false, other), ...pages(9), end], 'bad-image'],
  ['that says to be new and is not the first', [head(3, true, other), ...pages(9), end], 'bad-image'],
  ['that breaks off in its pages', [head(1), pages(9)[0] as Buffer, content(run, 9).subarray(5)], 'transfer-failed'],
  ['that has no end', [head(1)], 'transfer-failed'],
  ['that begins with something else', [end], 'transfer-failed'],
  ['that holds what is no page', [head(1), encodeHeader({ kind: 'image', sizeBytes: 0 }), end], 'transfer-failed'],
  ['whose identity is no identity', [head(0, true, '../../etc')], 'transfer-failed'],
];

for (const [what, pieces, code] of refused) {
  test(`a round ${what} is refused, and nothing of it is believed`, async (t) => {
    const bases = basesIn(temporary(t));
    t.teardown(bases.close);
    await takeRound('web', stream(head(0), ...pages(1), end), bases, unheard);
    const error = await t.throwsAsync(takeRound('web', stream(...pieces), bases, unheard));
    t.is((error as TagalongError).code, code);
    t.deepEqual(bases.identityOf('web'), { id, sequence: 1 });
    const store = bases.open('web', { id, sequence: 1 })?.store;
    t.is(
      store === undefined ? '' : contentOf(store).get('1/3'),
      content(run, 1).subarray(0, pageBytes).toString('hex'),
    );
  });
}

test('a source that begins anew replaces what there was', async (t) => {
  const bases = basesIn(temporary(t));
  t.teardown(bases.close);
  await takeRound('web', stream(head(0), ...pages(1), end), bases, unheard);
  t.deepEqual(await takeRound('web', stream(head(0, true, other), end), bases, unheard), { sequence: 1 });
  t.deepEqual(bases.identityOf('web'), { id: other, sequence: 1 });
  t.is(bases.open('web', { id: other, sequence: 1 })?.store.knownPages, 0);
});

test('what an earlier connection still brings is not written over what a newer one has brought', async (t) => {
  const bases = basesIn(temporary(t));
  t.teardown(bases.close);
  await takeRound('web', stream(head(0), ...pages(1), end), bases, unheard);
  const late = new PassThrough();
  late.write(head(1));
  const taking = takeRound('web', late, bases, unheard);
  await new Promise((resolve) => setImmediate(resolve));
  await takeRound('web', stream(head(1), ...pages(2), end), bases, unheard);
  for (const piece of [...pages(3), end]) late.write(piece);
  t.is(((await t.throwsAsync(taking)) as TagalongError).code, 'transfer-failed');
  t.deepEqual(bases.identityOf('web'), { id, sequence: 2 });
  const store = bases.open('web', { id, sequence: 2 })?.store;
  t.is(store === undefined ? '' : contentOf(store).get('1/3'), content(run, 2).subarray(0, pageBytes).toString('hex'));
});

test('a round that is still on its way when a move is opened comes too late', async (t) => {
  const bases = basesIn(temporary(t));
  t.teardown(bases.close);
  const late = new PassThrough();
  late.write(head(0));
  const taking = takeRound('web', late, bases, unheard);
  await new Promise((resolve) => setImmediate(resolve));
  bases.claim('web').end();
  late.end(end);
  t.is(((await t.throwsAsync(taking)) as TagalongError).code, 'transfer-failed');
  t.deepEqual(bases.identityOf('web'), { id, sequence: 0 });
});
