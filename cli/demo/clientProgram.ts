/**
 * The client as a program, for the station's namespace: commands as lines on standard input, one JSON object a line on
 * standard output.
 *
 * Usage: clientProgram.ts <host> <port> [milliseconds between messages]; then `report` or `stop`.
 */
import { createInterface } from 'node:readline';
import { startClient } from './client.ts';

const [host = '', port = '', everyMs = '10'] = process.argv.slice(2);
const say = (document: object) => void process.stdout.write(`${JSON.stringify(document)}\n`);

try {
  const client = await startClient({ host, port: Number(port), everyMs: Number(everyMs) });
  say({ event: 'connected' });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'report') say({ event: 'report', report: await client.report() });
    else if (line === 'stop') break;
  }
  client.stop();
} catch (error) {
  say({ event: 'failed', problem: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
