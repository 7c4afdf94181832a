/**
 * A Node.js server that grows: timers of several kinds, a worker thread, one TCP port, and memory that is checked block by
 * block all the time. It imports nothing of this project, since it runs alone in a container.
 *
 *     M <n> -> A <n>
 *     S     -> S <state as JSON>
 *
 * Usage: growingServer.ts <port> <block bytes> <first blocks> <messages per block>
 */
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';

const [port = 0, blockBytes = 0, firstBlocks = 0, messagesPerBlock = 1] = process.argv.slice(2).map(Number);
const incarnation = randomUUID();
const blocks: { bytes: Buffer; digest: string }[] = [];
const rounds = { interval: 0, chain: 0, immediate: 0, worker: 0 };
let received = 0;
let damaged = 0;

const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

function grow(): void {
  const pieces: Buffer[] = [];
  for (let piece = 0; piece < blockBytes / 32; piece += 1)
    pieces.push(createHash('sha256').update(`${blocks.length}/${piece}`).digest());
  const bytes = Buffer.concat(pieces);
  blocks.push({ bytes, digest: digestOf(bytes) });
}
for (let block = 0; block < firstBlocks; block += 1) grow();

setInterval(() => {
  rounds.interval += 1;
  const block = blocks[rounds.interval % blocks.length];
  if (block !== undefined && digestOf(block.bytes) !== block.digest) damaged += 1;
}, 5);
const chain = () => {
  rounds.chain += 1;
  setTimeout(() => setImmediate(() => (rounds.immediate += 1)).ref() && chain(), 7);
};
chain();
const worker = new Worker(
  `const { parentPort } = require('node:worker_threads');
let rounds = 0;
setInterval(() => parentPort.postMessage((rounds += 1)), 10);`,
  { eval: true },
);
worker.on('message', (count: number) => {
  if (count !== rounds.worker + 1) damaged += 1; // each message once, in order
  rounds.worker = count;
});

function state(): string {
  const hash = createHash('sha256');
  for (const { bytes } of blocks) hash.update(bytes);
  const memoryBytes = blocks.length * blockBytes;
  return JSON.stringify({ incarnation, received, digest: hash.digest('hex'), memoryBytes, damaged, rounds });
}

createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => undefined);
  createInterface({ input: socket }).on('line', (line) => {
    if (line === 'S') return socket.write(`S ${state()}\n`);
    received += 1;
    if (received % messagesPerBlock === 0) grow();
    return socket.write(`A ${line.slice(2)}\n`);
  });
}).listen(port, () => process.stdout.write('serving\n'));
