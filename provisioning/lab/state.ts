import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import { idSchema } from '../../broker/contract/ids.ts';
import { startTimeOf } from '../../host/processes.ts';
import { allStates, pathsOf } from './directories.ts';
import { memberKinds } from './site.ts';

const processSchema = z.strictObject({
  pid: z.int().positive(),
  /** With it a pid that was given to another process is not taken for ours. */
  startTime: z.string(),
});
export type LabProcess = z.output<typeof processSchema>;

const rangeSchema = z.strictObject({ first: z.ipv4(), last: z.ipv4() });

const shapingSchema = z.strictObject({
  rateMbps: z.number().positive().optional(),
  delayMs: z.number().nonnegative().optional(),
  lossPercent: z.number().min(0).max(100).optional(),
});
export type Shaping = z.output<typeof shapingSchema>;

const memberSchema = z.strictObject({
  name: idSchema,
  kind: z.enum(memberKinds),
  address: z.ipv4().optional(),
  mac: z.string().optional(),
  containerAddresses: rangeSchema.optional(),
  stationAddresses: rangeSchema.optional(),
  /** Its first process; missing until it has started. */
  process: processSchema.optional(),
  /** Stations: the access point it is associated with. */
  at: idSchema.optional(),
  shaping: shapingSchema.optional(),
});
export type LabMember = z.output<typeof memberSchema>;

const stateSchema = z.strictObject({
  version: z.literal(1),
  name: idSchema,
  phase: z.enum(['starting', 'up']),
  startedAt: z.iso.datetime(),
  cgroup: z.enum(['v1', 'v2']),
  brokerKind: z.enum(['embedded', 'mosquitto']),
  /** Whether agents and the controller run. */
  agents: z.boolean(),
  members: z.array(memberSchema),
  /** Password of each user of the broker: the nodes by name, `controller`, `operator`, `viewer`. */
  passwords: z.record(z.string(), z.string()),
});

/** All that is known of a lab between two commands. */
export type LabState = z.output<typeof stateSchema>;

export async function isAlive(recorded: LabProcess | undefined): Promise<boolean> {
  return recorded !== undefined && (await startTimeOf(recorded.pid)) === recorded.startTime;
}

/** Writes the state, readable by root alone; a reader sees the old one or the new one. */
export async function writeState(state: LabState): Promise<void> {
  const { state: directory, stateFile } = pathsOf(state.name);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(`${stateFile}.new`, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${stateFile}.new`, stateFile);
}

/** The state of a lab, or undefined where there is none that can be read. */
export async function findState(lab: string): Promise<LabState | undefined> {
  const { stateFile } = pathsOf(lab);
  try {
    return stateSchema.parse(JSON.parse(await readFile(stateFile, 'utf8')));
  } catch {
    return undefined;
  }
}

/**
 * The state of a lab that is up.
 * @throws TagalongError `lab-down`
 */
export async function readState(lab: string): Promise<LabState> {
  const state = await findState(lab);
  if (state?.phase !== 'up') throw new TagalongError('lab-down', { lab });
  return state;
}

/** The names of all labs of this machine. */
export async function labNames(): Promise<string[]> {
  const names = await readdir(allStates()).catch(() => []);
  return names.filter((name) => idSchema.safeParse(name).success).sort();
}

/**
 * One member of a lab.
 * @throws TagalongError `unknown-member` where there is none of this name and kind
 */
export function memberOf(state: LabState, name: string, kinds: readonly LabMember['kind'][] = memberKinds): LabMember {
  const member = state.members.find((candidate) => candidate.name === name && kinds.includes(candidate.kind));
  if (member) return member;
  const known = state.members.filter((candidate) => kinds.includes(candidate.kind)).map((candidate) => candidate.name);
  throw new TagalongError('unknown-member', { lab: state.name, member: name, known: known.join(', ') || 'none' });
}
