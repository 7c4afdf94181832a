/**
 * A client of a server that grows, on one connection: numbered messages all the time, which must be answered in their
 * order, and a look at the server's state now and then. What its memory must hold is worked out here once more.
 *
 * Usage: growingClient.ts <host> <port>; then `report` on standard input.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { orders, say } from './support/clientLines.ts';
import { expectedMemory } from './support/growth.ts';

const stateSchema = z.object({
  incarnation: z.string(),
  received: z.int(),
  digest: z.string(),
  memoryBytes: z.int(),
  damaged: z.int(),
  /** How often each of its timers or threads has come round. */
  rounds: z.record(z.string(), z.int()),
});
type State = z.output<typeof stateSchema>;

const [host = '', port = ''] = process.argv.slice(2);
const betweenMs = 4;

const socket = connect({ host, port: Number(port), noDelay: true });
const memory = expectedMemory();
let sent = 0;
let answered = 0;
let problem: string | undefined;
let incarnation: string | undefined;
const states: ((seen: { state: State; before: number }) => void)[] = [];

const note = (text: string) => {
  problem ??= text;
};
socket.on('error', (error) => note(error.message));
socket.on('close', () => note('the connection was closed'));
createInterface({ input: socket }).on('line', (line) => {
  if (line.startsWith('S ')) {
    const state = stateSchema.parse(JSON.parse(line.slice(2)));
    return states.shift()?.({ state, before: answered });
  }
  answered += 1;
  if (line !== `A ${answered}`) note(`message ${answered} was answered by "${line}"`);
});

async function sendOn(): Promise<void> {
  for (;;) {
    sent += 1;
    memory.message(sent);
    socket.write(`M ${sent}\n`);
    await delay(betweenMs);
  }
}

/** The server's state after all that was sent before. */
async function look(): Promise<State & { memoryIntact: boolean }> {
  const asked = Promise.withResolvers<{ state: State; before: number }>();
  states.push(asked.resolve);
  const [wanted, upTo] = [memory.state(), sent];
  socket.write('S\n');
  const { state: seen, before } = await asked.promise;
  incarnation ??= seen.incarnation;
  if (seen.incarnation !== incarnation) note('the server was started anew');
  if (seen.received !== upTo) note(`the server has received ${seen.received} messages of ${upTo}`);
  if (before !== upTo) note(`${before} of ${upTo} messages were answered before`);
  const isSame = seen.digest === wanted.digest && seen.memoryBytes === wanted.memoryBytes;
  return { ...seen, memoryIntact: isSame && seen.damaged === 0 };
}

void sendOn();
say({ event: 'connected', ...(await look()), problem });
for await (const order of orders()) {
  const state = await look();
  say({ event: order, ...state, answered, problem });
}
socket.destroy();
