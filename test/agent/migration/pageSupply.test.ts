import { PassThrough } from 'node:stream';
import test from 'ava';
import { ByteReader, readHeader } from '../../../agent/channel/records.ts';
import { makeEncodingChoice } from '../../../agent/memory/encodingChoice.ts';
import { makePageSupply } from '../../../agent/migration/pageSupply.ts';
import { type SupplyLine, supplyHeaderSchema } from '../../../agent/pager/supply.ts';

const pageBytes = 4096;
const [pid, pages] = [1, 32];

test('a page that is wanted out of turn is sent once, also from what was put back when another one was wanted', async (t) => {
  const read = (_page: number, count: number, into: Buffer) => {
    into.fill(7, 0, count * pageBytes);
    return count;
  };
  const supply = makePageSupply({
    processes: [{ hostPid: 1, pid, ownPages: () => [], read, close: () => undefined }],
    runs: [{ pid, page: 0, count: pages }],
    store: undefined,
    pageBytes,
    choice: makeEncodingChoice(() => undefined),
    linkBytesPerSecond: () => 1, // the smallest window: less than the first twenty pages
    onSent: () => undefined,
  });
  const [input, output] = [new PassThrough(), new PassThrough()];
  const serving = supply.serve(input, output);
  const tell = (line: SupplyLine) => input.write(`${JSON.stringify(line)}\n`);
  const reader = new ByteReader(output);
  const sent: number[] = [];
  async function hear(): Promise<boolean> {
    const header = await readHeader(reader, supplyHeaderSchema);
    if (header.kind === 'end') return false;
    await reader.exactly(header.sizeBytes);
    for (const [, page, count] of header.runs)
      for (let offset = 0; offset < count; offset += 1) sent.push(page + offset);
    return true;
  }
  tell({ have: [] });
  tell({ want: [[pid, 20, 1]] });
  supply.begin();
  await hear(); // page 20
  await hear(); // what is before it; what is behind it waits for the window
  tell({ want: [[pid, 25, 1]] });
  await hear();
  tell({ gotRecords: 3 });
  while (await hear()) tell({ gotRecords: 1 });
  input.end();
  await serving;
  t.deepEqual(
    sent.sort((a, b) => a - b),
    Array.from({ length: pages }, (_, page) => page),
  );
});
