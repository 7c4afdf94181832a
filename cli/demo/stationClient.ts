import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { LongRunning } from '../../host/command.ts';
import type { ClientReport } from './client.ts';

const reportSchema = z.object({
  sent: z.number(),
  answered: z.number(),
  lost: z.number(),
  duplicated: z.number(),
  longestSilenceMs: z.number(),
  silenceStartedAtMs: z.number(),
  connectionSurvived: z.boolean(),
  memoryIntact: z.boolean(),
  filesIntact: z.boolean(),
  memoryBytes: z.number(),
  journalLines: z.number(),
  problem: z.string().optional(),
});

const eventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('connected') }),
  z.object({ event: z.literal('report'), report: reportSchema }),
  z.object({ event: z.literal('failed'), problem: z.string() }),
]);
type ClientEvent = z.output<typeof eventSchema>;

/** The client program in a station, by its lines. */
export interface StationClient {
  /** Resolves when it has its connection to the service. */
  connected(): Promise<void>;
  report(): Promise<ClientReport>;
  stop(): Promise<void>;
}

function failure(problem: string): TagalongError {
  return new TagalongError('demo-failed', { problem: `the client in the station: ${problem}` });
}

function readEvent(line: string): ClientEvent {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch {
    content = undefined;
  }
  const checked = eventSchema.safeParse(content);
  return checked.success ? checked.data : { event: 'failed', problem: `said "${line.slice(0, 200)}"` };
}

/** Speaks with a running clientProgram.ts; its answers come in the order of the questions. */
export function controlClient(program: LongRunning): StationClient {
  const lines = program.lines()[Symbol.asyncIterator]();
  async function next<E extends ClientEvent['event']>(wanted: E): Promise<Extract<ClientEvent, { event: E }>> {
    const line = await lines.next();
    if (line.done) {
      const { exitCode, stderr } = await program.ended;
      throw failure(`ended with ${exitCode}: ${stderr.trim().split('\n').slice(-3).join(' / ')}`);
    }
    const event = readEvent(line.value);
    if (event.event === wanted) return event as Extract<ClientEvent, { event: E }>;
    throw failure(event.event === 'failed' ? event.problem : `said ${event.event} instead of ${wanted}`);
  }
  return {
    async connected() {
      await next('connected');
    },
    async report() {
      program.write('report\n');
      const { problem, ...report } = (await next('report')).report;
      return problem === undefined ? report : { ...report, problem };
    },
    stop: () => program.stop(),
  };
}
