import { join } from 'node:path';
import { TagalongError } from '../../../broker/contract/errors.ts';
import { type CommandOptions, type CommandResult, run } from '../../../host/command.ts';
import { hierarchies, joinedBy } from '../cgroups.ts';
import { isAlive, type LabMember, type LabProcess, type LabState } from '../state.ts';

const environment = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LANG=C.UTF-8'];

/** The first process of a member, alive. @throws TagalongError `lab-failed` where it has ended */
export async function processOf(state: LabState, member: LabMember): Promise<LabProcess> {
  if (member.process && (await isAlive(member.process))) return member.process;
  throw new TagalongError('lab-failed', { lab: state.name, problem: `${member.name} has ended` });
}

/** What to run on this machine so that a command runs inside a member: all of its namespaces, and its control groups. */
export async function entryTo(
  state: LabState,
  member: LabMember,
  command: readonly string[],
): Promise<{ file: string; parameters: string[] }> {
  const { pid } = await processOf(state, member);
  const groups = joinedBy(await hierarchies(), state.cgroup, state.name, member.name);
  const terminal = process.env['TERM'] === undefined ? [] : [`TERM=${process.env['TERM']}`];
  return {
    file: 'sh',
    parameters: [
      ...[join(import.meta.dirname, 'enter.sh'), String(pid), ...groups, '--'],
      // the command ends with the nsenter that waits for it
      ...['setpriv', '--pdeathsig', 'TERM', 'env', '-i', ...environment, ...terminal, ...command],
    ],
  };
}

/** Runs a command inside a member to its end. @throws TagalongError as {@link run} */
export async function runInside(
  state: LabState,
  member: LabMember,
  command: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { file, parameters } = await entryTo(state, member, command);
  return await run(file, parameters, options);
}

/**
 * Starts a service inside a member, apart from this process, with its output in `/var/log/NAME.log`.
 * It is recognised later by a variable of its environment.
 */
export async function startService(
  state: LabState,
  member: LabMember,
  service: string,
  command: readonly string[],
): Promise<void> {
  const script = 'service=$1; shift; exec "$@" </dev/null >>/var/log/"$service".log 2>&1';
  await runInside(state, member, [
    ...['env', `LAB_SERVICE=${service}`, 'setsid', '--fork', 'sh', '-c', script, 'sh', service, ...command],
  ]);
}

/**
 * Prints, a line each, the processes of a service: those that were started with its variable and are in the session of the
 * one that writes its log, if one does: a daemon such as dnsmasq writes none. What it started to outlive it, such as the writers of containers' logs, has a session of its own.
 */
const serviceProcesses = `
marked=$(grep -lzx "LAB_SERVICE=$1" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3 | sort -n)
for pid in $marked; do
  [ "$(readlink "/proc/$pid/fd/1")" = "/var/log/$1.log" ] && session=$(ps -o sid= -p "$pid") && break
done
for pid in $marked; do
  [ -n "$session" ] && [ "$(ps -o sid= -p "$pid")" != "$session" ] && continue
  echo "$pid"
done
true`;

/** Whether a service runs: the pids, inside the member, of its processes; its first one first. */
export async function servicePidsOf(state: LabState, member: LabMember, service: string): Promise<number[]> {
  const { stdout } = await runInside(state, member, ['sh', '-c', serviceProcesses, 'sh', service]);
  return stdout.split('\n').filter(Boolean).map(Number);
}
