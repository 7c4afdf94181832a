import { readFile } from 'node:fs/promises';
import { TagalongError } from '../../broker/contract/errors.ts';
import { attach, type CommandOptions, type CommandResult, type LongRunning, start } from '../../host/command.ts';
import { entryTo, runInside, servicePidsOf } from './member/enter.ts';
import { awaitAgents, awaitBroker } from './online.ts';
import { type ServiceName, servicesOf, startAndAwait, stopService } from './services.ts';
import { type LabMember, type LabState, memberOf, readState } from './state.ts';

export interface LabExecOptions {
  name: string;
  /** `controller`, `ap1`…, `node1`…, `phone1`…, `backbone`. */
  member: string;
  /** Program and arguments, without a shell. */
  command: readonly string[];
}

/**
 * Runs a command inside a member, at the terminal of this process.
 *
 * @returns its exit code
 * @throws TagalongError `lab-down`, `unknown-member`
 */
export async function labExec({ name, member, command }: LabExecOptions): Promise<number> {
  const state = await readState(name);
  const { file, parameters } = await entryTo(state, memberOf(state, member), command);
  return await attach(file, parameters);
}

/**
 * Runs a command inside a member and returns what it printed.
 * @throws TagalongError `lab-down`, `unknown-member`, or `command-failed` with the last lines of its errors
 */
export async function labRun(options: LabExecOptions & CommandOptions): Promise<CommandResult> {
  const state = await readState(options.name);
  return await runInside(state, memberOf(state, options.member), options.command, options);
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

function endIt(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch {
    // it has ended meanwhile
  }
}

/**
 * Starts a program that goes on inside a member; it ends with this process.
 * @throws TagalongError `lab-down`, `unknown-member`
 */
export async function labStart(options: LabExecOptions & CommandOptions): Promise<LongRunning> {
  const state = await readState(options.name);
  const { file, parameters } = await entryTo(state, memberOf(state, options.member), options.command);
  const program = start(file, parameters, options);
  return {
    ...program,
    async stop() {
      // the program itself: nsenter hands no signal on
      for (const pid of program.pid === undefined ? [] : await childrenOf(program.pid)) endIt(pid);
      await program.ended;
    },
  };
}

export interface LabServiceOptions {
  name: string;
  member: string;
  /** Default: what makes the member what it is, `agent` or `controller`. */
  service?: ServiceName;
}

function chooseService(state: LabState, member: LabMember, wanted: ServiceName | undefined): ServiceName {
  const own = servicesOf(state, member);
  const service = wanted ?? own.at(-1);
  if (service !== undefined && own.includes(service)) return service;
  throw new TagalongError('unknown-member', {
    lab: state.name,
    member: wanted === undefined ? member.name : `${wanted} of ${member.name}`,
    known: own.join(', ') || 'another member',
  });
}

/** Ends a service of a member, e.g. its agent, and waits until it is gone. Nothing starts it again but {@link labRestart}. */
export async function labStop({ name, member, service }: LabServiceOptions): Promise<void> {
  const state = await readState(name);
  const found = memberOf(state, member);
  await stopService(state, found, chooseService(state, found, service));
}

async function controllerRuns(state: LabState): Promise<boolean> {
  const controller = state.members.find((member) => member.kind === 'controller');
  const broker = state.brokerKind === 'mosquitto' ? 'mosquitto' : 'controller';
  return controller !== undefined && (await servicePidsOf(state, controller, broker)).length > 0;
}

/**
 * Ends a service of a member where it runs, and starts it anew. Waits until it answers; an agent has then said that it is
 * online, where there is a broker to say it to.
 *
 * @throws TagalongError `lab-down`, `unknown-member`, `lab-failed` with the last lines of its log
 */
export async function labRestart({ name, member, service }: LabServiceOptions): Promise<void> {
  const state = await readState(name);
  const found = memberOf(state, member);
  const chosen = chooseService(state, found, service);
  await stopService(state, found, chosen);
  const since = new Date();
  await startAndAwait(state, found, chosen);
  if (chosen === 'controller' && state.brokerKind === 'embedded') await awaitBroker(state);
  if (chosen === 'agent' && (await controllerRuns(state))) await awaitAgents(state, [member], since);
}
