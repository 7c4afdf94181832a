import test from 'ava';
import fc from 'fast-check';
import { closedMessage, messageBytes, pagesMessage, readMessage } from '../../../agent/pager/criuProtocol.ts';

/** `struct page_server_iov` by hand: command with flags, padding, pages, address, process. */
function message(command: number, pid = 0, address = 0, pages = 0): Buffer {
  const bytes = Buffer.alloc(messageBytes);
  bytes.writeUInt32LE(command, 0);
  bytes.writeBigUInt64LE(BigInt(pages), 8);
  bytes.writeBigUInt64LE(BigInt(address), 16);
  bytes.writeBigUInt64LE(BigInt(pid), 24);
  return bytes;
}

test('what the daemon asks for is read', (t) => {
  t.deepEqual(readMessage(message(7, 12, 0x7f00_0000_1000, 33)), {
    kind: 'get',
    pid: 12,
    address: 0x7f00_0000_1000,
    pages: 33,
  });
  t.deepEqual(readMessage(message(7 | (4 << 16), 1, 4096, 1)), { kind: 'get', pid: 1, address: 4096, pages: 1 });
  for (const command of [0x1023, 0x1024]) t.deepEqual(readMessage(message(command)), { kind: 'close' });
});

test('whatever else it says is unknown, never a crash', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: messageBytes, maxLength: messageBytes }), (bytes) => {
      const { kind } = readMessage(Buffer.from(bytes));
      const command = bytes[0] as number;
      if (kind === 'get') t.is(command, 7);
      else t.true(kind === 'unknown' || kind === 'close');
    }),
  );
  t.deepEqual(readMessage(message(42)), { kind: 'unknown', command: 42 });
});

test('an answer is one that CRIU takes: to add pages that are present', (t) => {
  const bytes = pagesMessage({ pid: 12, address: 0x7f00_0000_1000, pages: 3 });
  t.deepEqual(bytes, message(6 | (4 << 16), 12, 0x7f00_0000_1000, 3));
  t.deepEqual(closedMessage(), Buffer.alloc(4));
});
