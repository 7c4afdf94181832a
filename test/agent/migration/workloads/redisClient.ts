/**
 * A client of Redis on one connection: loads keys, then sends INCR all the time, the next when the last is answered.
 *
 * Usage: redisClient.ts <host> <port> <keys>; then `report` or `finish` on standard input.
 */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { orders, say } from './support/clientLines.ts';

const [host = '', port = '', keyCount = '0'] = process.argv.slice(2);
const keys = Number(keyCount);
/** The file that Redis appends to must not grow too large for many moves. */
const betweenMs = 1;
const contentOf = (index: number) => createHash('sha256').update(String(index)).digest('hex');

const socket = connect({ host, port: Number(port), noDelay: true });
const waiting: ((answer: string) => void)[] = [];
let increments = 0;
let problem: string | undefined;
let stopped = false;
let longestGapMs = 0;

const note = (text: string) => {
  problem ??= text;
};
socket.on('error', (error) => note(error.message));
socket.on('close', () => note('the connection was closed'));

/** One answer in the serialisation protocol of Redis: a simple string, an error, an integer or a bulk string. */
function takeAnswer(text: string): { answer: string; length: number } | undefined {
  const end = text.indexOf('\r\n');
  if (end < 0) return undefined;
  const line = text.slice(0, end);
  if (!line.startsWith('$') || line === '$-1') return { answer: line, length: end + 2 };
  const bytes = Number(line.slice(1));
  if (text.length < end + 2 + bytes + 2) return undefined;
  return { answer: text.slice(end + 2, end + 2 + bytes), length: end + 2 + bytes + 2 };
}

let rest = '';
socket.setEncoding('latin1').on('data', (text: string) => {
  rest += text;
  let from = 0;
  for (;;) {
    const taken = takeAnswer(from === 0 ? rest : rest.slice(from, from + 4096));
    if (taken === undefined) break;
    from += taken.length;
    const listener = waiting.shift();
    if (listener) listener(taken.answer);
    else note(`an answer that nothing was asked for: ${taken.answer}`);
  }
  rest = rest.slice(from);
});

const encode = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

function command(...words: string[]): Promise<string> {
  socket.write(encode(...words));
  return new Promise((resolve) => waiting.push(resolve));
}

/** Many commands in one go; the answers in their order. */
async function pipelined(commands: string[][]): Promise<string[]> {
  const answers: string[] = [];
  for (let from = 0; from < commands.length; from += 1000) {
    const part = commands.slice(from, from + 1000);
    const coming = part.map(() => new Promise<string>((resolve) => waiting.push(resolve)));
    socket.write(part.map((words) => encode(...words)).join(''));
    answers.push(...(await Promise.all(coming)));
  }
  return answers;
}

async function increment(): Promise<void> {
  while (!stopped) {
    const askedMs = performance.now();
    const answer = await command('INCR', 'counter');
    longestGapMs = Math.max(longestGapMs, performance.now() - askedMs);
    increments += 1;
    await delay(betweenMs);
    if (answer !== `:${increments}`) note(`INCR number ${increments} was answered ${answer}`);
  }
}

const indices = Array.from({ length: keys }, (_, index) => index);
const loaded = await pipelined(indices.map((index) => ['SET', `key:${index}`, contentOf(index)]));
say({ event: 'loaded', keys: loaded.filter((answer) => answer === '+OK').length });
const incrementing = increment();
for await (const order of orders()) {
  if (order === 'report') {
    // this answer comes after all that was under way when the order came
    await command('PING');
    say({ event: 'report', increments, problem, longestGapMs });
    longestGapMs = 0;
  }
  if (order !== 'finish') continue;
  stopped = true;
  await incrementing;
  const values = await pipelined(indices.map((index) => ['GET', `key:${index}`]));
  const right = values.filter((value, index) => value === contentOf(index)).length;
  say({ event: 'finished', increments, right, size: await command('DBSIZE'), problem });
}
socket.destroy();
