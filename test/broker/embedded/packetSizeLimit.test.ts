import test from 'ava';
import fc from 'fast-check';
import { makeOversizeMarker, makePacketSizeLimit } from '../../../broker/embedded/packetSizeLimit.ts';

const maximumBytes = 300;
const marker = makeOversizeMarker(Buffer.alloc(32, 7));

function packet(firstByte: number, body: Buffer): Buffer {
  const header = [firstByte];
  let left = body.length;
  do {
    header.push(left >= 128 ? (left % 128) | 0x80 : left);
    left = Math.floor(left / 128);
  } while (left > 0);
  return Buffer.concat([Buffer.from(header), body]);
}

function publish(topic: string, payload: Buffer, { qos = 1, retain = false, id = 5 } = {}): Buffer {
  const name = Buffer.from(topic);
  const length = Buffer.from([name.length >> 8, name.length & 0xff]);
  const identifier = qos > 0 ? Buffer.from([id >> 8, id & 0xff]) : Buffer.alloc(0);
  const body = Buffer.concat([length, name, identifier, payload]);
  return packet(0x30 | (qos << 1) | (retain ? 1 : 0), body);
}

function feedInPieces(bytes: Buffer, cuts: number[]): { passed: Buffer; fault: string | undefined } {
  const limit = makePacketSizeLimit(maximumBytes, marker);
  const passed: Buffer[] = [];
  let from = 0;
  for (const cut of [...cuts.map((part) => part % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    const { pieces, fault } = limit.feed(bytes.subarray(from, cut));
    passed.push(...pieces);
    if (fault !== undefined) return { passed: Buffer.concat(passed), fault };
    from = cut;
  }
  return { passed: Buffer.concat(passed), fault: undefined };
}

test('packets within the limit pass unchanged, larger ones as markers, however the stream is cut', (t) => {
  const publication = fc.record({
    topic: fc.stringMatching(/^[a-z/]{1,40}$/),
    bytes: fc.oneof(fc.nat(20), fc.nat(2000), fc.constantFrom(300, 20_000, 2_100_000)),
    qos: fc.constantFrom(0, 1, 2),
    retain: fc.boolean(),
    id: fc.integer({ min: 1, max: 65_535 }),
  });
  fc.assert(
    fc.property(fc.array(publication, { maxLength: 5 }), fc.array(fc.nat(3_000_000)), (publications, cuts) => {
      const sent: Buffer[] = [];
      const expected: Buffer[] = [];
      for (const { topic, bytes, qos, retain, id } of publications) {
        const whole = publish(topic, Buffer.alloc(bytes, 120), { qos, retain, id });
        const bodyBytes = 2 + topic.length + (qos > 0 ? 2 : 0) + bytes;
        sent.push(whole);
        expected.push(
          bodyBytes <= maximumBytes ? whole : publish(topic, marker.payload(bytes), { qos, retain: false, id }),
        );
      }
      sent.push(Buffer.from([0xc0, 0])); // PINGREQ
      expected.push(Buffer.from([0xc0, 0]));
      const { passed, fault } = feedInPieces(Buffer.concat(sent), cuts);
      t.is(fault, undefined);
      t.true(passed.equals(Buffer.concat(expected)));
    }),
    { numRuns: 200 },
  );
});

test('other packets above the limit, and malformed ones, are faults', (t) => {
  t.regex(feedInPieces(packet(0x82, Buffer.alloc(400)), []).fault ?? '', /400 bytes/);
  t.regex(feedInPieces(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]), [1, 2, 3]).fault ?? '', /malformed/);
  // the topic claims to be longer than the packet
  t.regex(feedInPieces(packet(0x32, Buffer.alloc(400, 0xff)), []).fault ?? '', /topic/);
  const exactly = packet(0x82, Buffer.alloc(maximumBytes));
  t.deepEqual(feedInPieces(exactly, []), { passed: exactly, fault: undefined });
});

test('no bytes make it throw, and what it holds stays small', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.array(fc.nat(5000)), (bytes, cuts) => {
      feedInPieces(Buffer.from(bytes), cuts);
    }),
  );
  t.pass();
});

test('only the holder of the secret makes a marker', (t) => {
  t.is(marker.bytesOf(marker.payload(5_000_000_000)), 5_000_000_000);
  t.is(makeOversizeMarker(Buffer.alloc(32, 8)).bytesOf(marker.payload(1)), undefined);
  t.is(marker.bytesOf(Buffer.from('{}')), undefined);
});
