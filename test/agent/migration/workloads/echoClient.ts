/**
 * Keeps one connection to a service that gives back what it is sent.
 *
 * Usage: echoClient.ts <host> <port>; each word on standard input sends a numbered line, which must come back.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { orders, say } from './support/clientLines.ts';

const [host = '', port = ''] = process.argv.slice(2);
const socket = connect({ host, port: Number(port), noDelay: true });
socket.on('error', () => undefined); // the end of the lines tells
const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
let number = 0;

async function exchange(): Promise<string | undefined> {
  number += 1;
  const sent = `line ${number}`;
  socket.write(`${sent}\n`);
  const answer = await lines.next();
  if (answer.done) return 'the connection was closed';
  return answer.value === sent ? undefined : `${sent} was answered by ${answer.value}`;
}

say({ event: 'connected', problem: await exchange() });
for await (const order of orders()) say({ event: order, problem: await exchange() });
socket.destroy();
