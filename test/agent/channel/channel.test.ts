import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import test, { type ExecutionContext } from 'ava';
import { z } from 'zod';
import { makePeers, type Peers } from '../../../agent/channel/peers.ts';
import { type DataPlane, type Route, startDataPlane } from '../../../agent/channel/server.ts';
import { TagalongError } from '../../../broker/contract/errors.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const anything = z.record(z.string(), z.unknown());

const routes: Route[] = [
  {
    method: 'POST',
    pattern: '/v1/echo/:id',
    async handle(request) {
      return { id: request.parameters['id'], body: await request.read(z.object({ count: z.int() })) };
    },
  },
  { method: 'PUT', pattern: '/v1/bytes', handle: async ({ body }) => ({ bytes: (await buffer(body)).length }) },
  {
    method: 'PUT',
    pattern: '/v1/refuse',
    handle: () => Promise.reject(new TagalongError('container-exists', { container: 'web', node: 'ap2' })),
  },
  {
    method: 'POST',
    pattern: '/v1/bug',
    handle: () => Promise.reject(new Error('oops')),
  },
  {
    method: 'POST',
    pattern: '/v1/talk',
    async converse({ body }, output) {
      for await (const chunk of body as AsyncIterable<Buffer>) output.write(chunk.toString().toUpperCase());
    },
  },
  { method: 'POST', pattern: '/v1/never', handle: () => new Promise<never>(() => undefined) },
];

async function room(t: ExecutionContext): Promise<{ plane: DataPlane; peers: Peers }> {
  const plane = await startDataPlane({ host: '127.0.0.1', port: 0, routes, log: quiet });
  const peers = makePeers({
    endpointOf: (node) => (node === 'ap2' ? { host: '127.0.0.1', port: plane.port } : undefined),
    known: () => ['ap2'],
    log: quiet,
    pingMs: 20,
  });
  t.teardown(async () => {
    peers.close();
    await plane.close();
  });
  return { plane, peers };
}

test('a question gets its answer, and many at once over one connection', async (t) => {
  const { peers } = await room(t);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, count) => peers.ask('ap2', 'POST', `/v1/echo/n${count}`, { count }, anything)),
  );
  t.deepEqual(
    answers.map(({ id }) => id),
    Array.from({ length: 50 }, (_, count) => `n${count}`),
  );
});

test('streams larger than all windows arrive whole, side by side, and are counted', async (t) => {
  const { peers } = await room(t);
  const size = 40 << 20;
  const chunk = Buffer.alloc(1 << 20, 7);
  const sent = [0, 0];
  const answers = await Promise.all(
    sent.map((_, index) =>
      peers.send(
        'ap2',
        '/v1/bytes',
        (output) => pipeline(Readable.from(Array.from({ length: 40 }, () => chunk)), output),
        anything,
        {
          tells: true,
          onSent: (bytes) => {
            sent[index] = (sent[index] ?? 0) + bytes;
          },
        },
      ),
    ),
  );
  t.deepEqual(answers, [{ bytes: size }, { bytes: size }]);
  t.deepEqual(sent, [size, size]);
  t.true((peers.links()['ap2']?.throughputBytesPerSecond ?? 0) > 0);
});

test('an error of the peer comes as the same error, also when its sender was not read', async (t) => {
  const { peers } = await room(t);
  const refused = peers.send('ap2', '/v1/refuse', async (output) => void output.end(Buffer.alloc(8 << 20)), anything);
  const error = await t.throwsAsync(refused, { instanceOf: TagalongError });
  t.is((error as TagalongError).code, 'container-exists');
  t.regex(error?.message ?? '', /web.*ap2/);
  t.is(((await t.throwsAsync(peers.ask('ap2', 'POST', '/v1/bug', {}, anything))) as TagalongError).code, 'bug');
});

for (const [what, path, body] of [
  ['an unknown path', '/v1/nothing', {}],
  ['a hostile name', '/v1/echo/..%2f..', { count: 1 }],
  ['a wrong body', '/v1/echo/a', { count: 'many' }],
] as const) {
  test(`${what} is refused as malformed`, async (t) => {
    const { peers } = await room(t);
    const error = await t.throwsAsync(peers.ask('ap2', 'POST', path, body, anything), { instanceOf: TagalongError });
    t.is((error as TagalongError).code, 'malformed-request');
  });
}

test('a question can be given up, and the connection goes on', async (t) => {
  const { peers } = await room(t);
  const giveUp = new AbortController();
  const asked = peers.ask('ap2', 'POST', '/v1/never', {}, anything, { signal: giveUp.signal });
  giveUp.abort(new TagalongError('migration-cancelled', { migration: 'm', phase: 'copying', node: 'ap1' }));
  t.is(((await t.throwsAsync(asked)) as TagalongError).code, 'migration-cancelled');
  t.deepEqual(await peers.ask('ap2', 'POST', '/v1/echo/a', { count: 1 }, anything), { id: 'a', body: { count: 1 } });
});

test('a node that is not known and one that does not listen are unreachable', async (t) => {
  const { plane, peers } = await room(t);
  t.is(
    ((await t.throwsAsync(peers.ask('ap9', 'POST', '/v1/echo/a', { count: 1 }, anything))) as TagalongError).code,
    'peer-unreachable',
  );
  await plane.close();
  t.is(
    ((await t.throwsAsync(peers.ask('ap2', 'POST', '/v1/echo/a', { count: 1 }, anything))) as TagalongError).code,
    'peer-unreachable',
  );
});

test('known peers are connected and measured before they are needed', async (t) => {
  const { peers } = await room(t);
  while (peers.links()['ap2']?.rttMs === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  t.true((peers.links()['ap2']?.rttMs ?? -1) >= 0);
});

test('both sides of a conversation speak at once, and it ends when both have', async (t) => {
  const { peers } = await room(t);
  const stream = await peers.converse('ap2', '/v1/talk', new AbortController().signal);
  stream.write('one ');
  const [first] = (await once(stream, 'data')) as [Buffer];
  t.is(first.toString(), 'ONE ');
  stream.end('two');
  t.is((await buffer(stream)).toString(), 'TWO');
});

test('a refused conversation says why, and one that is given up ends', async (t) => {
  const { peers } = await room(t);
  const refused = peers.converse('ap2', '/v1/nothing', new AbortController().signal);
  t.is(((await t.throwsAsync(refused)) as TagalongError).code, 'malformed-request');
  const giveUp = new AbortController();
  const stream = await peers.converse('ap2', '/v1/talk', giveUp.signal);
  const closed = once(stream, 'close').catch(() => undefined);
  giveUp.abort();
  await closed;
  t.true(stream.destroyed);
});

test('a link that has gone without a word is noticed, and a new connection is made when it is back', async (t) => {
  const plane = await startDataPlane({ host: '127.0.0.1', port: 0, routes, log: quiet });
  let isThere = true;
  const sockets = new Set<Socket>();
  const between = createServer((near) => {
    const far = connect(plane.port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('data', (chunk) => {
        if (isThere) to.write(chunk);
      });
    }
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  const endpoint = { host: '127.0.0.1', port: (between.address() as AddressInfo).port };
  const peers = makePeers({ endpointOf: () => endpoint, log: quiet, pingMs: 10, silentMs: 1000 });
  t.teardown(async () => {
    peers.close();
    for (const socket of sockets) socket.destroy();
    between.close();
    await plane.close();
  });
  const stream = await peers.converse('ap2', '/v1/talk', new AbortController().signal);
  isThere = false;
  stream.write('is anybody there?');
  await t.throwsAsync(buffer(stream));
  isThere = true;
  t.deepEqual(await peers.ask('ap2', 'POST', '/v1/echo/a', { count: 1 }, anything), { id: 'a', body: { count: 1 } });
});
