/**
 * The client as a program, for the station's namespace: commands as lines on standard input, for each one JSON object as a
 * line on standard output.
 *
 * Usage: clientProgram.ts <host> <port> <milliseconds between messages>; then `report`, `mark`, `change <pages>`,
 * `gap <from ms> <to ms>` or `stop`.
 */
import { createInterface } from 'node:readline';
import { type Probe, startProbeClient } from './client.ts';

const [host = '', port = '', everyMs = ''] = process.argv.slice(2);
const say = (document: object) => void process.stdout.write(`${JSON.stringify(document)}\n`);

async function obey(probe: Probe, [verb, ...numbers]: readonly string[]): Promise<object> {
  const [first = Number.NaN, second = Number.NaN] = numbers.map(Number);
  switch (verb) {
    case 'report':
      return { report: await probe.report() };
    case 'mark':
      await probe.mark();
      return {};
    case 'change':
      await probe.change(first);
      return {};
    case 'gap':
      return { worstGapMs: probe.worstGapMs(first, second) ?? null };
    default:
      throw new Error(`no command ${verb}`);
  }
}

try {
  const probe = await startProbeClient({ host, port: Number(port), everyMs: Number(everyMs) });
  say({ event: 'done' });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'stop') break;
    say({ event: 'done', ...(await obey(probe, line.split(' '))) });
  }
  probe.stop();
} catch (error) {
  say({ event: 'failed', problem: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
