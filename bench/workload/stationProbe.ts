import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { LongRunning } from '../../host/command.ts';
import { labRun, labStart } from '../../provisioning/lab/exec.ts';
import { station } from '../migration/site.ts';
import { project } from '../migration/workload.ts';
import type { ProbeReport } from './client.ts';

const reportSchema = z.object({
  sent: z.number(),
  lost: z.number(),
  duplicated: z.number(),
  longestSilenceMs: z.number(),
  connectionSurvived: z.boolean(),
  memoryIntact: z.boolean(),
  changedPages: z.number(),
  rewrittenPages: z.number(),
  problem: z.string().optional(),
});

const eventSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('done'),
    report: reportSchema.optional(),
    worstGapMs: z.number().nullable().optional(),
  }),
  z.object({ event: z.literal('failed'), problem: z.string() }),
]);

/** The client program in a station, by its lines. One question at a time. */
export interface StationProbe {
  /** As {@link ProbeReport} says. */
  report(): Promise<ProbeReport>;
  mark(): Promise<void>;
  change(pages: number): Promise<void>;
  /** @param fromMs - milliseconds since the epoch, as `toMs` */
  worstGapMs(fromMs: number, toMs: number): Promise<number | undefined>;
  stop(): Promise<void>;
}

function failure(problem: string): TagalongError {
  return new TagalongError('command-failed', { command: 'the client in the station', problem });
}

function readEvent(line: string): z.output<typeof eventSchema> {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch {
    content = undefined;
  }
  const checked = eventSchema.safeParse(content);
  return checked.success ? checked.data : { event: 'failed', problem: `said "${line.slice(0, 200)}"` };
}

/** Speaks with a running clientProgram.ts. */
export async function controlProbe(program: LongRunning): Promise<StationProbe> {
  const lines = program.lines()[Symbol.asyncIterator]();
  async function next() {
    const line = await lines.next();
    if (line.done) {
      const { exitCode, stderr } = await program.ended;
      throw failure(`ended with ${exitCode}: ${stderr.trim().split('\n').slice(-3).join(' / ')}`);
    }
    const event = readEvent(line.value);
    if (event.event === 'failed') throw failure(event.problem);
    return event;
  }
  async function ask(question: string) {
    program.write(`${question}\n`);
    return await next();
  }
  await next(); // it is connected
  return {
    async report() {
      const { report } = await ask('report');
      if (report === undefined) throw failure('answered without a report');
      const { problem, ...seen } = report;
      return problem === undefined ? seen : { ...seen, problem };
    },
    async mark() {
      await ask('mark');
    },
    async change(pages) {
      await ask(`change ${pages}`);
    },
    worstGapMs: async (fromMs, toMs) => (await ask(`gap ${fromMs} ${toMs}`)).worstGapMs ?? undefined,
    stop: () => program.stop(),
  };
}

const untilReached = `until python3 -c 'import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)' "$1" "$2" 2>/dev/null; do sleep 0.05; done`;

/** A message every so many milliseconds. */
export const probeEveryMs = 10;

/**
 * Starts the client in the station: one TCP connection, kept open, a numbered message every 10 ms.
 *
 * @param limitMs - how long the workload may take until it listens
 */
export async function startStationProbe(
  lab: string,
  host: string,
  port: number,
  limitMs: number,
): Promise<StationProbe> {
  const reach = ['sh', '-c', untilReached, 'sh', host, String(port)];
  await labRun({ name: lab, member: station, command: reach, timeoutMs: limitMs });
  const program = await labStart({
    name: lab,
    member: station,
    command: [
      `${project}/node_modules/node/bin/node`,
      `${project}/bench/workload/clientProgram.ts`,
      ...[host, String(port), String(probeEveryMs)],
    ],
  });
  try {
    return await controlProbe(program);
  } catch (error) {
    await program.stop();
    throw error;
  }
}
