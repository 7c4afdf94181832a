/**
 * Sends a numbered line every 10 ms over one connection and says, as lines, which came back. It ends with its standard
 * input, after it has waited for the answers to all that it sent: it then prints `sent` and the count.
 *
 * Usage: lineClient.ts <host> <port>
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [host = '', port = ''] = process.argv.slice(2);
const socket = connect({ host, port: Number(port), noDelay: true });
let sent = 0;
const timer = setInterval(() => {
  sent += 1;
  socket.write(`${sent}\n`);
}, 10);
process.stdin.on('end', () => {
  clearInterval(timer);
  console.log(`sent ${sent}`);
  socket.end();
});
process.stdin.resume();
socket.on('error', (error) => console.log(`error ${error.message}`));
for await (const line of createInterface({ input: socket })) console.log(`answer ${line}`);
