import { appendFileSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { Machine } from './machine.ts';
import type { Run } from './runs.ts';

const number = z.number();
const optional = z.exactOptional(number);
const numbers = z.record(z.string(), number);

const measuredSchema = z.object({
  ok: z.literal(true),
  clientGapMs: number,
  totalMs: number,
  sentBytes: number,
  phasesMs: numbers,
  phasesBytes: numbers,
  technique: z.exactOptional(z.string()),
  techniqueReason: z.exactOptional(z.string()),
  frozenMs: optional,
  frozenPartsMs: z.exactOptional(numbers),
  rounds: optional,
  savedBytes: optional,
  schedulingGapMs: optional,
  preparedBytes: optional,
  changedBytes: optional,
  agentMemoryBytes: optional,
  helpersMemoryBytes: optional,
  agentCpuMs: optional,
});

const failedSchema = z.object({
  ok: z.literal(false),
  reason: z.string(),
  refused: z.exactOptional(z.literal(true)),
});

const runSchema = z.object({
  memoryMiB: number,
  dirtyMBps: number,
  linkMbps: number.nullable(),
  rttMs: number,
  contestant: z.string(),
  technique: z.string(),
  outcome: z.discriminatedUnion('ok', [measuredSchema, failedSchema]),
});

const machineSchema = z.object({
  cpuModel: z.string(),
  cpuCount: number,
  memoryBytes: number,
  kernel: z.string(),
  architecture: z.string(),
});

const lineSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start'), command: z.string(), machine: machineSchema, at: z.string() }),
  z.object({ kind: z.literal('versions'), versions: z.record(z.string(), z.string()), at: z.string() }),
  z.object({ kind: z.literal('note'), note: z.string(), at: z.string() }),
  z.object({ kind: z.literal('run'), run: runSchema, at: z.string() }),
]);
type Line = z.output<typeof lineSchema>;
type Unstamped<L> = L extends Line ? Omit<L, 'at'> : never;

/** Keeps what happens in a file, line by line, so that an interruption loses nothing. */
export interface Recorder {
  readonly path: string;
  add(line: Unstamped<Line>): void;
}

export function openRecording(path: string): Recorder {
  mkdirSync(dirname(path), { recursive: true });
  return {
    path,
    add: (line) => appendFileSync(path, `${JSON.stringify({ ...line, at: new Date().toISOString() })}\n`),
  };
}

/** What recordings hold. */
export interface Recorded {
  runs: Run[];
  notes: string[];
  machine: Machine | undefined;
  versions: Record<string, string>;
  commands: string[];
  startedAt: string;
  /** Of all recordings together. */
  durationMs: number;
}

/** The lines of one recording. @throws TagalongError `command-failed` naming the line that is not of one */
export function parseRecording(text: string, path: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      let content: unknown;
      try {
        content = JSON.parse(line);
      } catch {
        content = undefined;
      }
      const checked = lineSchema.safeParse(content);
      if (checked.success) return checked.data;
      throw new TagalongError('command-failed', { command: path, problem: `line ${index + 1} is none of a recording` });
    });
}

/** What the lines of several recordings say together; each has its own start. */
export function recordedBy(recordings: readonly (readonly Line[])[]): Recorded {
  const lines = recordings.flat();
  const of = <K extends Line['kind']>(kind: K) =>
    lines.filter((line): line is Extract<Line, { kind: K }> => line.kind === kind);
  const spans = recordings.map((one) => Date.parse(one.at(-1)?.at ?? '') - Date.parse(one[0]?.at ?? ''));
  return {
    runs: of('run').map(({ run }) => run),
    notes: [...new Set(of('note').map(({ note }) => note))],
    machine: of('start').at(-1)?.machine,
    versions: Object.assign({}, ...of('versions').map(({ versions }) => versions)),
    commands: of('start').map(({ command }) => command),
    startedAt: of('start')[0]?.at ?? '',
    durationMs: spans.reduce((sum, ms) => sum + (Number.isNaN(ms) ? 0 : ms), 0),
  };
}

/** Reads recordings. @throws TagalongError `command-failed` where one cannot be read or is none */
export async function readRecordings(paths: readonly string[]): Promise<Recorded> {
  const read = async (path: string) => {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw new TagalongError('command-failed', { command: path, problem: String(error) });
    });
    return parseRecording(text, path);
  };
  return recordedBy(await Promise.all(paths.map(read)));
}
