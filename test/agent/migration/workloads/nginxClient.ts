/**
 * A client of nginx on one kept connection: asks for a file and for the status page by turns, the next when the last is
 * answered in full, each request with its number.
 *
 * Usage: nginxClient.ts <host> <port> <digest of the file>; then `report` or `finish` on standard input.
 */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { orders, say } from './support/clientLines.ts';

const [host = '', port = '', digest = ''] = process.argv.slice(2);
const betweenMs = 3;

const socket = connect({ host, port: Number(port), noDelay: true });
let requests = 0;
let problem: string | undefined;
let stopped = false;
let longestGapMs = 0;
let onData: () => void = () => undefined;
let received: Buffer = Buffer.alloc(0);

const note = (text: string) => {
  problem ??= text;
};
socket.on('error', (error) => note(error.message));
socket.on('close', () => note('the connection was closed'));
socket.on('data', (chunk: Buffer) => {
  received = Buffer.concat([received, chunk]);
  onData();
});

interface Answer {
  status: string;
  body: Buffer;
  kept: boolean;
}

/** The answer at the front of what was received, if all of it is there (RFC 9112). */
function takeAnswer(): Answer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = received.subarray(0, end).toString('latin1');
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
  if (received.length < end + 4 + length) return undefined;
  const body = received.subarray(end + 4, end + 4 + length);
  received = received.subarray(end + 4 + length);
  return { status: head.split('\r\n')[0] ?? '', body, kept: /^connection: keep-alive$/im.test(head) };
}

async function ask(path: string): Promise<Answer> {
  const askedMs = performance.now();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: keep-alive\r\n\r\n`);
  for (;;) {
    const answer = takeAnswer();
    if (answer) {
      longestGapMs = Math.max(longestGapMs, performance.now() - askedMs);
      if (received.length > 0) note(`${received.length} bytes more than the answer to ${path}`);
      return answer;
    }
    await new Promise<void>((resolve) => {
      onData = resolve;
    });
  }
}

function judge(path: string, { status, body, kept }: Answer): void {
  if (status !== 'HTTP/1.1 200 OK') note(`${path}: ${status}`);
  if (!kept) note(`${path}: the server does not keep the connection`);
  if (path.startsWith('/file')) {
    if (createHash('sha256').update(body).digest('hex') !== digest) note(`${path}: another content`);
    return;
  }
  // ngx_http_stub_status_module: accepts, handled, requests
  const counts = /^ (\d+) (\d+) (\d+) $/m.exec(body.toString('latin1'));
  if (Number(counts?.[3]) !== requests) note(`${path}: nginx counts ${counts?.[3]} requests and not ${requests}`);
  if (Number(counts?.[1]) !== 1) note(`${path}: nginx counts ${counts?.[1]} connections and not one`);
}

async function goOn(): Promise<void> {
  while (!stopped) {
    requests += 1;
    const path = `/${requests % 2 === 0 ? 'file' : 'status'}?n=${requests}`;
    judge(path, await ask(path));
    settled.resolve();
    settled = Promise.withResolvers();
    await delay(betweenMs);
  }
}

let settled = Promise.withResolvers<void>();
const going = goOn();
say({ event: 'connected' });
for await (const order of orders()) {
  if (order === 'finish') {
    stopped = true;
    await going;
  } else {
    // the request under way may have been answered before the order came, the next one is not
    await settled.promise;
    await settled.promise;
  }
  say({ event: order, requests, problem, longestGapMs });
  longestGapMs = 0;
}
socket.destroy();
