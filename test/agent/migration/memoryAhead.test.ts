import { readdirSync, readlinkSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import type { Peers } from '../../../agent/channel/peers.ts';
import { type Bases, openBases } from '../../../agent/memory/bases.ts';
import { openProcessMemory } from '../../../agent/memory/processMemory.ts';
import { startMemoryAhead } from '../../../agent/migration/memoryAhead.ts';
import { takeRound } from '../../../agent/migration/takeRound.ts';
import type { Freezer } from '../../../host/freezer.ts';
import { type Child, startChild } from '../memory/support/child.ts';
import { temporary } from '../memory/support/temporary.ts';

const pageBytes = 4096;
const signal = new AbortController().signal;

/** A link to a destination that may break after so many bytes, or lose the answer. */
function makeLink(there: Bases) {
  const link = { room: Number.POSITIVE_INFINITY, losesAnswer: false, sentBytes: 0 };
  const peers: Pick<Peers, 'send' | 'links'> = {
    links: () => ({}),
    async send(_node, _path, write, answer, options) {
      const [output, input] = [new PassThrough(), new PassThrough()];
      let room = link.room;
      output.on('data', (chunk: Buffer) => {
        link.sentBytes += chunk.length;
        options?.onSent?.(chunk.length);
        input.write(chunk.subarray(0, room));
        room -= chunk.length;
        if (room <= 0) for (const side of [input, output]) side.destroy(new Error('the link broke'));
      });
      output.on('end', () => input.end());
      for (const side of [input, output]) side.on('error', () => undefined);
      const writing = write(output).catch((error: unknown) => {
        input.destroy();
        throw error;
      });
      const [taken, written] = await Promise.allSettled([takeRound('web', input, there, () => undefined), writing]);
      if (taken.status === 'rejected') throw taken.reason;
      if (written.status === 'rejected') throw written.reason;
      if (link.losesAnswer) throw new Error('the link broke');
      return answer.parse(taken.value) as never;
    },
  };
  return { link, peers: peers as Peers };
}

async function room(t: ExecutionContext) {
  const child = await startChild(t, 64);
  const open = (name: string) => openBases(`${directory}/${name}`, pageBytes, 1 << 30);
  const directory = temporary(t);
  const [here, there] = [open('here'), open('there')];
  t.teardown(() => {
    here.close();
    there.close();
  });
  const { link, peers } = makeLink(there);
  const freezer = { processes: async () => [child.pid] } as unknown as Freezer;
  const begin = (theirs = there.identityOf('web')) =>
    startMemoryAhead({ container: 'web', from: 'ap1', to: 'ap2', peers, bases: here, pageBytes, theirs });
  const options = { signal, onSent: () => undefined };
  return { child, here, there, link, begin, freezer, options };
}

/** Pages of the process that differ from what a node has of it; undefined where it has none. */
function difference(child: Child, bases: Bases): number | undefined {
  const identity = bases.identityOf('web');
  const store = identity === undefined ? undefined : bases.open('web', identity)?.store;
  const memory = openProcessMemory(child.pid, pageBytes);
  if (store === undefined || memory === undefined) return undefined;
  const [one, other] = [Buffer.alloc(pageBytes), Buffer.alloc(pageBytes)];
  let count = 0;
  for (const { page: first, count: pages } of memory.ownPages()) {
    for (let page = first; page < first + pages; page += 1) {
      memory.read(page, 1, one);
      if (store.has(child.pid, page)) store.read({ pid: child.pid, page, count: 1 }, other);
      if (!store.has(child.pid, page) || !one.equals(other)) count += 1;
    }
  }
  memory.close();
  return count;
}

test('rounds bring all memory to the destination, and then what changed', async (t) => {
  const { child, here, there, link, begin, freezer, options } = await room(t);
  const ahead = begin();
  const first = await ahead.round(freezer, options);
  t.is(ahead.hot.size, 0);
  await child.tell('change');
  link.sentBytes = 0;
  const second = await ahead.round(freezer, options);
  t.true(second.changedBytes < first.changedBytes / 4);
  t.true(link.sentBytes < first.sentBytes / 4);
  t.true(ahead.hot.has(child.pid, child.address / pageBytes + 2));
  await child.stop('SIGSTOP');
  await ahead.round(freezer, options);
  t.is(difference(child, there), 0);
  t.is(difference(child, here), 0);
  t.deepEqual(here.identityOf('web'), there.identityOf('web'));
  t.true((ahead.dirtyBytesPerSecond() ?? -1) >= 0);
});

test('wherever the link breaks, later rounds bring the destination to what the process has', async (t) => {
  const { child, here, there, link, begin, freezer, options } = await room(t);
  let ahead = begin();
  for (const room of [0, 3, 100, 70_000, 500_000, 1_500_000]) {
    link.room = room;
    await ahead.round(freezer, options).catch(() => undefined);
    await child.tell('change');
    link.room = Number.POSITIVE_INFINITY;
    if (room === 100) await ahead.round(freezer, options);
    if (room === 70_000) ahead = begin();
    await child.tell('change');
  }
  await child.stop('SIGSTOP');
  await ahead.round(freezer, options);
  t.is(difference(child, there), 0);
  t.deepEqual(here.identityOf('web'), there.identityOf('web'));
});

test('after an answer that was lost neither is trusted, and the next one begins anew', async (t) => {
  const { child, here, there, link, begin, freezer, options } = await room(t);
  const ahead = begin();
  await ahead.round(freezer, options);
  link.losesAnswer = true;
  await t.throwsAsync(ahead.round(freezer, options));
  link.losesAnswer = false;
  t.notDeepEqual(here.identityOf('web'), there.identityOf('web'));
  await t.throwsAsync(ahead.round(freezer, options));
  await child.stop('SIGSTOP');
  const next = begin();
  t.is(next.base.store.knownPages, 0);
  await next.round(freezer, options);
  t.is(difference(child, there), 0);
  t.deepEqual(here.identityOf('web'), there.identityOf('web'));
});

/** Files of processes that are open, such as their memory. */
function targetOf(fd: string): string[] {
  try {
    return [readlinkSync(`/proc/self/fd/${fd}`)].filter((target) => /^\/proc\/\d+\/(mem|pagemap)$/.test(target));
  } catch {
    return []; // that of the listing itself
  }
}

test('a round that is given up leaves no file open', async (t) => {
  const { begin, freezer } = await room(t);
  const ahead = begin();
  const files = () => readdirSync('/proc/self/fd').flatMap((fd) => targetOf(fd));
  const before = files().length;
  await t.throwsAsync(
    ahead.round(freezer, { signal: AbortSignal.abort(new Error('cancelled')), onSent: () => undefined }),
  );
  t.is(ahead.rounds.length, 0);
  t.is(ahead.base.identity.sequence, 0);
  t.is(files().length, before);
});

test('processes that have ended meanwhile do no harm to a round', async (t) => {
  const { begin, there, options, child } = await room(t);
  const gone = await startChild(t, 4);
  const ahead = begin();
  const freezer = {
    async processes() {
      return [child.pid, gone.pid, 0x3fffffff];
    },
  } as unknown as Freezer;
  await gone.stop('SIGKILL');
  await ahead.round(freezer, options);
  t.is(there.identityOf('web')?.sequence, 1);
});
