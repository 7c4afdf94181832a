import { type Duplex, duplexPair } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { makePageSet } from '../../../agent/memory/pageSet.ts';
import { openPageStore, type PageRun } from '../../../agent/memory/pageStore.ts';
import { messageBytes } from '../../../agent/pager/criuProtocol.ts';
import { startDelivery } from '../../../agent/pager/delivery.ts';
import { content, pageBytes } from '../memory/support/pages.ts';
import { temporary } from '../memory/support/temporary.ts';

function request(command: number, pid = 0, page = 0, pages = 0): Buffer {
  const bytes = Buffer.alloc(messageBytes);
  bytes.writeUInt32LE(command, 0);
  bytes.writeBigUInt64LE(BigInt(pages), 8);
  bytes.writeBigUInt64LE(BigInt(page * pageBytes), 16);
  bytes.writeBigUInt64LE(BigInt(pid), 24);
  return bytes;
}
const get = (pid: number, page: number, pages: number) => request(7, pid, page, pages);

interface Answer extends PageRun {
  bytes: Buffer;
}

/** The daemon's end: what it was given so far. */
function listen(socket: Duplex) {
  let heard = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
  });
  return {
    raw: () => heard,
    answers(): Answer[] {
      const found: Answer[] = [];
      for (let at = 0; at < heard.length; ) {
        const count = Number(heard.readBigUInt64LE(at + 8));
        const page = Number(heard.readBigUInt64LE(at + 16)) / pageBytes;
        const pid = Number(heard.readBigUInt64LE(at + 24));
        at += messageBytes;
        found.push({ pid, page, count, bytes: heard.subarray(at, at + count * pageBytes) });
        at += count * pageBytes;
      }
      return found;
    },
  };
}

let count = 0;
function room(top: string) {
  count += 1;
  const [ours, theirs] = duplexPair();
  const store = openPageStore(`${top}/${count}`, pageBytes);
  const there = makePageSet();
  const wants: PageRun[] = [];
  const problems: string[] = [];
  const delivery = startDelivery({
    socket: ours,
    store,
    isThere: there.has,
    want: (run) => wants.push(run),
    onProblem: (problem) => problems.push(problem),
  });
  const arrive = (run: PageRun) => {
    store.write(run, content(run, 3));
    there.add(run);
    delivery.retry();
  };
  return { theirs, daemon: listen(theirs), store, there, wants, problems, delivery, arrive };
}
const settled = async () => {
  for (let turns = 0; turns < 5; turns += 1) await turn();
};
const runOf = ({ pid, page, count }: PageRun) => [pid, page, count];

test('what is there is given at once', async (t) => {
  const { theirs, daemon, arrive, wants } = room(temporary(t));
  arrive({ pid: 1, page: 8, count: 4 });
  theirs.write(get(1, 9, 2));
  await settled();
  const [answer] = daemon.answers();
  t.deepEqual(answer && runOf(answer), [1, 9, 2]);
  t.deepEqual(answer?.bytes, content({ pid: 1, page: 8, count: 4 }, 3).subarray(pageBytes, 3 * pageBytes));
  t.deepEqual(wants, []);
});

test('answers keep the order of the questions, and all that somebody waits for is wanted', async (t) => {
  const { theirs, daemon, arrive, wants } = room(temporary(t));
  theirs.write(Buffer.concat([get(1, 5, 1), get(7, 9, 40)]));
  await settled();
  t.deepEqual(new Set(wants.map((run) => runOf(run).join())), new Set(['1,5,4', '7,9,16']));
  arrive({ pid: 7, page: 9, count: 3 });
  await settled();
  t.deepEqual(daemon.answers(), []);
  arrive({ pid: 1, page: 5, count: 1 });
  await settled();
  t.deepEqual(daemon.answers().map(runOf), [
    [1, 5, 1],
    [7, 9, 3],
  ]);
});

test('what lies behind a page that a process waits for is wanted too, more of it where it need not be sent', async (t) => {
  const { theirs, store, wants } = room(temporary(t));
  store.write({ pid: 1, page: 5, count: 1 }, content({ pid: 1, page: 5, count: 1 }, 3)); // known, and not vouched for
  theirs.write(Buffer.concat([get(1, 5, 1), get(1, 90, 1)]));
  await settled();
  t.deepEqual(wants.map(runOf), [
    [1, 5, 32],
    [1, 90, 4],
  ]);
});

test('when it has all it wants it is told that all is well', async (t) => {
  const { theirs, daemon } = room(temporary(t));
  theirs.write(request(0x1023));
  await settled();
  t.deepEqual(daemon.raw(), Buffer.alloc(4));
});

test('what is not understood is told, and the rest goes on', async (t) => {
  const { theirs, daemon, arrive, problems } = room(temporary(t));
  arrive({ pid: 1, page: 1, count: 1 });
  theirs.write(Buffer.concat([request(99), get(1, 1, 1)]));
  await settled();
  t.is(problems.length, 1);
  t.is(daemon.answers().length, 1);
});

test('a store that cannot be read makes who asked wait, and nothing else', async (t) => {
  const { theirs, daemon, there, arrive, problems } = room(temporary(t));
  there.add({ pid: 1, page: 1, count: 1 }); // it is said to be there, and is not
  theirs.write(get(1, 1, 1));
  await settled();
  t.true(problems.length > 0);
  t.deepEqual(daemon.answers(), []);
  arrive({ pid: 1, page: 1, count: 1 });
  await settled();
  t.deepEqual(daemon.answers().map(runOf), [[1, 1, 1]]);
});

/** Asks as CRIU does: again for what an answer left out. */
async function playDaemon(t: ExecutionContext, top: string, questions: PageRun[], arrivals: PageRun[], cuts: number[]) {
  const { theirs, daemon, arrive, store } = room(top);
  const bytes = Buffer.concat(questions.map(({ pid, page, count: pages }) => get(pid, page, pages)));
  let from = 0;
  for (const cut of [...cuts.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    theirs.write(bytes.subarray(from, cut));
    from = cut;
  }
  const open = questions.map((question) => ({ ...question }));
  let seen = 0;
  const check = () => {
    for (const answer of daemon.answers().slice(seen)) {
      seen += 1;
      const question = open.shift();
      if (question === undefined) return t.fail('an answer that nobody asked for');
      t.deepEqual([answer.pid, answer.page], [question.pid, question.page]);
      t.true(answer.count >= 1 && answer.count <= question.count);
      const left = question.count - answer.count;
      if (left > 0) {
        const rest = { pid: question.pid, page: question.page + answer.count, count: left };
        open.push(rest);
        theirs.write(get(rest.pid, rest.page, rest.count));
      }
      const expected = Buffer.alloc(answer.count * pageBytes);
      store.read(answer, expected);
      t.true(expected.equals(answer.bytes));
    }
  };
  for (const run of [...arrivals, { pid: 1, page: 0, count: 40 }, { pid: 7, page: 0, count: 40 }]) {
    arrive(run);
    await settled();
    check();
  }
  for (let rounds = 0; rounds < 80 && open.length > 0; rounds += 1) {
    await settled();
    check();
  }
  t.deepEqual(open, []);
  store.close();
}

test('whatever is asked and however it arrives, all is answered in order and in full', async (t) => {
  const top = temporary(t);
  const run = fc.record({
    pid: fc.constantFrom(1, 7),
    page: fc.nat(25),
    count: fc.integer({ min: 1, max: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(run, { maxLength: 8 }),
      fc.array(run, { maxLength: 8 }),
      fc.array(fc.nat()),
      (asked, arrivals, cuts) => playDaemon(t, top, asked, arrivals, cuts),
    ),
    { numRuns: 30 },
  );
});
