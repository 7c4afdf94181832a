import test from 'ava';
import fc from 'fast-check';
import { maximumMessageBytes, readMessage } from '../../../broker/contract/read.ts';
import { topicNames } from '../../../broker/contract/topics.ts';
import { writeMessage } from '../../../broker/contract/write.ts';

const state = { status: 'online', session: 's', at: '2026-01-02T03:04:05Z' } as const;

test('what is written can be read, in the one spelling of its topic', (t) => {
  const mac = '02:00:00:00:00:AA';
  const message = { mac, node: 'ap1', session: 's', interface: 'wlan0', since: state.at };
  const { topic, payload } = writeMessage('default', 'nodeClient', { node: 'ap1', mac }, message);
  t.is(topic, 'tagalong/v1/default/node/ap1/client/02-00-00-00-00-aa');
  t.like(readMessage('default', 'nodeClient', topic, Buffer.from(payload)), {
    parameters: { node: 'ap1', mac: '02-00-00-00-00-aa' },
    message: { mac: '02-00-00-00-00-aa', interface: 'wlan0' },
  });
});

test('an empty payload is a cleared document, and no request', (t) => {
  const { topic, payload } = writeMessage('default', 'nodeState', { node: 'ap1' }, undefined);
  t.deepEqual(readMessage('default', 'nodeState', topic, Buffer.from(payload)), {
    parameters: { node: 'ap1' },
    message: undefined,
  });
  const request = readMessage('default', 'requestStop', 'tagalong/v1/default/request/stop', Buffer.alloc(0));
  t.like(request, { error: { code: 'malformed-request' } });
});

test('what may not be written is named', (t) => {
  const wrong = { ...state, status: 'asleep' } as unknown as typeof state;
  t.throws(() => writeMessage('default', 'nodeState', { node: 'ap1' }, wrong), { message: /status/ });
  t.throws(() => writeMessage('default', 'nodeState', { node: 'AP/1' }, state), { message: /not a topic/ });
  const large = { ...state, reason: 'x'.repeat(maximumMessageBytes) };
  t.like(
    t.throws(() => writeMessage('default', 'nodeState', { node: 'ap1' }, large)),
    { code: 'payload-too-large' },
  );
});

test('no payload makes the reader throw', (t) => {
  const payload = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.constantFrom(...topicNames), payload, (name, bytes) => {
      readMessage('default', name, `tagalong/v1/default/${name}`, bytes);
      readMessage('default', 'requestRun', 'tagalong/v1/default/request/run', bytes);
    }),
  );
  t.like(readMessage('default', 'requestRun', 'tagalong/v1/default/request/run', Buffer.from('[]')), {
    error: { code: 'malformed-request' },
  });
});
