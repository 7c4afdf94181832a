import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { encodeHeader, type RecordHead } from '../../../agent/channel/records.ts';
import { openBases } from '../../../agent/memory/bases.ts';
import type { Arrival, Ready } from '../../../agent/migration/arrival.ts';
import { receiveFrozen } from '../../../agent/migration/receiveFrozen.ts';
import type { TagalongError } from '../../../broker/contract/errors.ts';
import { content, pageBytes } from '../memory/support/pages.ts';
import { temporary } from '../memory/support/temporary.ts';

const id = '6f1c2f4e-6a54-4f0e-9c65-0f5f0a1f8f11';

function room(t: ExecutionContext) {
  const top = temporary(t);
  for (const name of ['images', 'state']) mkdirSync(join(top, name));
  const bases = openBases(join(top, 'bases'), pageBytes, 1 << 30);
  t.teardown(bases.close);
  const arrival = { spec: { name: 'web' }, place: { state: join(top, 'state') } } as unknown as Arrival;
  const ready = {
    archive: { input: new PassThrough(), done: Promise.resolve() },
    restore: { imageDirectory: join(top, 'images') },
  } as unknown as Ready;
  const wire = new PassThrough();
  const write = (header: object, bytes: Buffer = Buffer.alloc(0)) => {
    wire.write(encodeHeader({ sizeBytes: bytes.length, ...header } as RecordHead));
    wire.write(bytes);
  };
  write({ kind: 'round', id, sequence: 0, isNew: true, from: 'ap1' });
  const page = (number: number) =>
    write(
      { kind: 'pages', encoding: 'plain', runs: [[1, number, 1]] },
      content({ pid: 1, page: number, count: 1 }, number),
    );
  return { arrival, bases, write, page, receive: () => receiveFrozen(arrival, ready, bases, wire) };
}

test('when a restore has failed nothing of the rest gets into what both nodes go back to', async (t) => {
  const { arrival, write, page, receive } = room(t);
  page(1);
  write({ kind: 'restorable' });
  const { verified, complete, rest, end } = await receive();
  t.false(complete);
  t.deepEqual(verified.runs(), [{ pid: 1, page: 1, count: 1 }]);
  const reading = rest?.();
  page(2);
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.true(arrival.base?.store.has(1, 2));
  end();
  page(3);
  const error = await t.throwsAsync(async () => reading);
  t.is((error as TagalongError).code, 'transfer-failed');
  t.false(arrival.base?.store.has(1, 3));
});

test('what a dump that had to be repeated vouched for is vouched for no more', async (t) => {
  const { write, page, receive } = room(t);
  page(1);
  write({ kind: 'start-over' });
  page(2);
  write({ kind: 'end', memoryComplete: false });
  const { verified, end } = await receive();
  end();
  t.deepEqual(verified.runs(), [{ pid: 1, page: 2, count: 1 }]);
});
