import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { makePeers } from '../../../agent/channel/peers.ts';
import { ByteReader, readHeader } from '../../../agent/channel/records.ts';
import { startDataPlane } from '../../../agent/channel/server.ts';
import { runsOf } from '../../../agent/memory/pageRecords.ts';
import { makePageSet } from '../../../agent/memory/pageSet.ts';
import { openPageStore, type PageRun, type PageStore } from '../../../agent/memory/pageStore.ts';
import type { ProcessMemory } from '../../../agent/memory/processMemory.ts';
import { makePageSupply, type PageSupply } from '../../../agent/migration/pageSupply.ts';
import { startSupply, supplyHeaderSchema } from '../../../agent/pager/supply.ts';
import type { TagalongError } from '../../../broker/contract/errors.ts';
import { temporary } from '../memory/support/temporary.ts';

const pageBytes = 4096;
const pages = 300;
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const all: PageRun[] = [{ pid: 1, page: 0, count: pages }];

/** Some pages are zeros, all others differ. */
function fill(bytes: Buffer, page: number, seed: number): void {
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(page % 7 === 3 ? 0 : page * 7919 + at * seed, at);
}

/** A frozen process of which some pages differ from what both nodes have. */
function frozenProcess(isChanged: (page: number) => boolean): ProcessMemory {
  return {
    hostPid: 4711,
    pid: 1,
    ownPages: () => [{ page: 0, count: pages, untouched: true }],
    read(page, count, into) {
      const there = Math.min(count, pages - page);
      for (let offset = 0; offset < there; offset += 1)
        fill(
          into.subarray(offset * pageBytes, (offset + 1) * pageBytes),
          page + offset,
          isChanged(page + offset) ? 5 : 3,
        );
      return Math.max(0, there);
    },
    close: () => undefined,
  };
}

function baseIn(directory: string): PageStore {
  const store = openPageStore(directory, pageBytes);
  const page = Buffer.alloc(pageBytes);
  for (let index = 0; index < pages; index += 1) {
    fill(page, index, 3);
    if (index % 3 !== 0) store.write({ pid: 1, page: index, count: 1 }, page);
  }
  return store;
}

interface SupplyRoom {
  supply: PageSupply;
  process: ProcessMemory;
  sent: () => number;
}

function makeSource(top: string, compresses: boolean, linkBytesPerSecond?: number): SupplyRoom {
  const process = frozenProcess((page) => page % 5 === 0);
  let sentBytes = 0;
  const supply = makePageSupply({
    processes: [process],
    runs: all,
    store: baseIn(`${top}/here`),
    pageBytes,
    choice: { worthTrying: () => compresses, tried: () => undefined },
    linkBytesPerSecond: () => linkBytesPerSecond,
    onSent: (bytes) => {
      sentBytes += bytes;
    },
  });
  return { supply, process, sent: () => sentBytes };
}

function difference(store: PageStore, process: ProcessMemory): number[] {
  const [one, other] = [Buffer.alloc(pageBytes), Buffer.alloc(pageBytes)];
  return Array.from({ length: pages }, (_, page) => page).filter((page) => {
    if (!store.has(1, page)) return true;
    store.read({ pid: 1, page, count: 1 }, one);
    process.read(page, 1, other);
    return !one.equals(other);
  });
}

/** The supply behind a data plane, with something between that breaks each connection after so many bytes. */
async function overNetwork(t: Pick<ExecutionContext, 'teardown'>, supply: PageSupply, breaks: number[]) {
  const routes = [
    {
      method: 'POST' as const,
      pattern: '/v1/migrations/:id/pages',
      converse: ({ body }: { body: Readable }, output: PassThrough) => supply.serve(body, output),
    },
  ];
  const plane = await startDataPlane({ host: '127.0.0.1', port: 0, routes: routes as never, log: quiet });
  const sockets = new Set<Socket>();
  const left = [...breaks];
  const between = createServer((near) => {
    let room = left.shift() ?? Number.POSITIVE_INFINITY;
    const far = connect(plane.port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    const stop = () => {
      near.destroy();
      far.destroy();
    };
    near.on('data', (chunk) => far.write(chunk));
    near.on('close', stop);
    far.on('close', stop);
    far.on('data', (chunk) => {
      near.write(chunk.subarray(0, room));
      room -= chunk.length;
      if (room <= 0) stop();
    });
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  const port = (between.address() as AddressInfo).port;
  const peers = makePeers({ endpointOf: () => ({ host: '127.0.0.1', port }), log: quiet });
  const close = async () => {
    peers.close();
    for (const socket of sockets) socket.destroy();
    between.close();
    await plane.close();
  };
  t.teardown(close);
  return { peers, close };
}

for (const compresses of [false, true]) {
  test(`everything arrives ${compresses ? 'compressed' : 'plain'}, however often the link breaks`, async (t) => {
    const top = temporary(t);
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 400_000 })), { maxLength: 3 }),
        fc.array(fc.nat(pages - 1), { maxLength: 5 }),
        fc.boolean(),
        async (breaks, wanted, isBegun) => {
          count += 1;
          const { supply, process } = makeSource(`${top}/${count}`, compresses);
          const { peers, close } = await overNetwork(t, supply, breaks);
          const store = baseIn(`${top}/${count}/there`);
          const verified = makePageSet();
          if (isBegun || wanted.length === 0) supply.begin();
          const receiver = startSupply({
            peers,
            source: 'ap1',
            migration: 'm1',
            store,
            verified,
            // as the delivery does, which asks again until it has it
            onPages: () => {
              const missing = wanted.filter((page) => !verified.has(1, page));
              for (const page of missing) receiver.want({ pid: 1, page, count: 1 });
              if (missing.length === 0) supply.begin(); // the restore has come through: the commit
            },
            onState: () => undefined,
            signal: new AbortController().signal,
          });
          await receiver.complete;
          t.is(verified.size, pages);
          t.deepEqual(difference(store, process), []);
          store.close();
          await close();
        },
      ),
      { numRuns: 12 },
    );
  });
}

/** Records as they come, each with its pages. */
async function* recordsFrom(output: PassThrough) {
  const reader = new ByteReader(output);
  for (;;) {
    const header = await readHeader(reader, supplyHeaderSchema);
    if (header.kind === 'end') return;
    await reader.exactly(header.sizeBytes);
    yield { kind: header.kind, runs: runsOf(header), sizeBytes: header.sizeBytes };
  }
}
const line = (said: object) => `${JSON.stringify(said)}\n`;

test('before the commit only what is waited for goes out, and it goes first', async (t) => {
  const { supply, sent } = makeSource(temporary(t), false);
  const [input, output] = [new PassThrough(), new PassThrough()];
  const served = supply.serve(input, output);
  input.write(line({ have: [] }));
  await wait(20);
  t.is(sent(), 0);
  input.write(line({ want: [[1, 250, 2]] }));
  const named: number[] = [];
  for await (const { runs } of recordsFrom(output)) {
    for (const { page, count } of runs) for (let offset = 0; offset < count; offset += 1) named.push(page + offset);
    input.write(line({ gotRecords: 1 }));
    if (named.length !== 2) continue;
    await wait(20);
    t.deepEqual(named.toSorted(), [250, 251]);
    supply.begin();
  }
  t.deepEqual(
    named.toSorted((a, b) => a - b),
    Array.from({ length: pages }, (_, page) => page),
  );
  input.end();
  await served;
});

test('what the receiver has is not sent', async (t) => {
  const { supply } = makeSource(temporary(t), false);
  const [input, output] = [new PassThrough(), new PassThrough()];
  supply.begin();
  const served = supply.serve(input, output);
  input.write(line({ have: [[1, 10, 280]] }));
  const named = (await Array.fromAsync(recordsFrom(output))).flatMap(({ runs }) => runs);
  t.true(named.every(({ page, count }) => page + count <= 10 || page >= 290));
  t.is(
    named.reduce((sum, { count }) => sum + count, 0),
    pages - 280,
  );
  input.end();
  await served;
});

test('no more is under way than the window holds, and what is waited for passes it', async (t) => {
  const { supply, sent } = makeSource(temporary(t), false, 1);
  const [input, output] = [new PassThrough(), new PassThrough({ highWaterMark: 64 << 20 })];
  supply.begin();
  const served = supply.serve(input, output);
  input.write(line({ have: [] }));
  const records = recordsFrom(output);
  await records.next();
  await wait(50);
  const most = (64 << 10) + 2 * (128 << 10);
  t.true(sent() <= most, `${sent()} bytes`);
  input.write(line({ want: [[1, 290, 1]] }));
  let taken = 1;
  for await (const { runs } of records) {
    taken += 1;
    if (runs.some(({ page, count }) => page <= 290 && page + count > 290)) break;
  }
  t.true(sent() <= most + (128 << 10), `${sent()} bytes`);
  t.true(taken < 40);
  output.resume();
  input.write(line({ gotRecords: 1000 }));
  input.end();
  await served.catch(() => undefined);
});

const hostile: [string, string][] = [
  ['no JSON', '{{{\n'],
  ['nothing known', line({ give: 'all' })],
  ['a negative page', line({ have: [[1, -1, 1]] })],
  ['no process', line({ want: [[0, 1, 1]] })],
  ['more pages than any machine has', line({ have: [[1, 0, 2 ** 45]] })],
  ['a wish for everything', line({ want: [[1, 0, 2 ** 30]] })],
  ['a thousand million records', line({ gotRecords: 1e9 })],
  ['fractions', line({ want: [[1, 0.5, 1]] })],
];

for (const [what, said] of hostile) {
  test(`a receiver that says ${what} is refused, and others are served`, async (t) => {
    const { supply, process } = makeSource(temporary(t), false);
    const output = new PassThrough();
    const refused = supply.serve(Readable.from([Buffer.from(line({ have: [] })), Buffer.from(said)]), output);
    t.is(((await t.throwsAsync(refused)) as TagalongError).code, 'transfer-failed');
    while (!output.destroyed) await wait(1); // what was to be sent is given up
    supply.begin();
    const [input, good] = [new PassThrough(), new PassThrough()];
    const served = supply.serve(input, good);
    input.write(line({ have: [] }));
    const named = (await Array.fromAsync(recordsFrom(good))).flatMap(({ runs }) => runs);
    t.is(
      named.reduce((sum, { count }) => sum + count, 0),
      pages,
    );
    input.end();
    await served;
    t.is(process.pid, 1);
  });
}

test('a receiver that goes before the commit leaves nobody waiting', async (t) => {
  const { supply } = makeSource(temporary(t), false);
  const output = new PassThrough();
  await t.throwsAsync(supply.serve(Readable.from([Buffer.from(line({ have: [] }))]), output));
  t.true(output.destroyed);
});

test('pages that differ from what the destination had are known for the next time', async (t) => {
  const { supply } = makeSource(temporary(t), false);
  const [input, output] = [new PassThrough(), new PassThrough()];
  supply.begin();
  const served = supply.serve(input, output);
  input.write(line({ have: [] }));
  await Array.fromAsync(recordsFrom(output));
  input.end();
  await served;
  const changed = new Set(
    supply.changedRuns().flatMap(({ page, count }) => Array.from({ length: count }, (_, offset) => page + offset)),
  );
  for (let page = 0; page < pages; page += 1) {
    const isZero = page % 7 === 3;
    t.is(changed.has(page), page % 3 === 0 || (page % 5 === 0 && !isZero), `page ${page}`);
  }
});
