import test from 'ava';
import { type Letter, makeOutbox } from '../../broker/outbox.ts';

function makeBroker() {
  const sent: string[] = [];
  const dropped: string[] = [];
  const acknowledge: (() => void)[] = [];
  return {
    sent,
    dropped,
    acknowledge,
    options: {
      send: (letter: Letter) => {
        sent.push(letter.payload);
        return new Promise<void>((resolve) => acknowledge.push(resolve));
      },
      maximumWaiting: 3,
      maximumInFlight: 2,
      onDropped: (letter: Letter) => {
        dropped.push(letter.payload);
      },
    },
  };
}

const event = (payload: string): Letter => ({ topic: 'event', payload, qos: 1, retain: false });
const document = (payload: string, topic = 'document'): Letter => ({ topic, payload, qos: 1, retain: true });

test('a newer document replaces the one that waits, and goes last; both calls resolve with it', async (t) => {
  const broker = makeBroker();
  const outbox = makeOutbox(broker.options);
  const posted = [outbox.post(document('old')), outbox.post(event('e')), outbox.post(document('new'))];
  t.deepEqual(broker.sent, []);
  outbox.open();
  t.deepEqual(broker.sent, ['e', 'new']);
  for (const acknowledge of broker.acknowledge) acknowledge();
  await Promise.all(posted);
  t.is(outbox.waiting, 0);
});

test('documents of different topics do not replace each other, nor one that is under way', async (t) => {
  const broker = makeBroker();
  const outbox = makeOutbox(broker.options);
  outbox.open();
  const posted = [outbox.post(document('1')), outbox.post(document('2')), outbox.post(document('a', 'other'))];
  t.deepEqual(broker.sent, ['1', '2']);
  broker.acknowledge[0]?.();
  await posted[0];
  broker.acknowledge[1]?.();
  await posted[1];
  t.deepEqual(broker.sent, ['1', '2', 'a']);
});

test('the oldest event is dropped when too many wait, documents are kept, and its call resolves', async (t) => {
  const broker = makeBroker();
  const outbox = makeOutbox(broker.options);
  void outbox.post(document('d'));
  const first = outbox.post(event('1'));
  void outbox.post(event('2'));
  void outbox.post(event('3'));
  await first;
  t.deepEqual(broker.dropped, ['1']);
  t.is(outbox.waiting, 3);
});

test('nothing is sent while it is paused', async (t) => {
  const broker = makeBroker();
  const outbox = makeOutbox(broker.options);
  outbox.open();
  outbox.pause();
  void outbox.post(event('1'));
  t.deepEqual(broker.sent, []);
  outbox.open();
  t.deepEqual(broker.sent, ['1']);
});

test('closing rejects what waits, what is under way and what comes', async (t) => {
  const outbox = makeOutbox({ ...makeBroker().options, maximumInFlight: 1 });
  outbox.open();
  const posted = [outbox.post(event('1')), outbox.post(event('2'))];
  outbox.close(new Error('over'));
  for (const promise of [...posted, outbox.post(event('3'))]) await t.throwsAsync(promise, { message: 'over' });
});

test('it is idle when all is taken', async (t) => {
  const broker = makeBroker();
  const outbox = makeOutbox(broker.options);
  await outbox.idle();
  outbox.open();
  void outbox.post(event('1'));
  const idle = outbox.idle();
  broker.acknowledge[0]?.();
  await idle;
  t.is(outbox.waiting, 0);
});
