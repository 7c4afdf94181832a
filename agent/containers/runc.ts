import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import { type LongRunning, run, start, tryRun } from '../../host/command.ts';
import { readJson } from '../../host/files.ts';
import { logWriterScript } from './logWriter.ts';
import type { ContainerPlace } from './record.ts';

const stateSchema = z.object({ status: z.enum(['creating', 'created', 'running', 'paused', 'stopped']), pid: z.int() });
/** What is needed of runC's own record of a container; reading it takes no process, which `runc state` does. */
const recordSchema = z.object({ external_descriptors: z.array(z.string()), init_process_pid: z.int() });
const logLineSchema = z.object({ level: z.string(), msg: z.string() });

/** What runC says of a container; undefined where it has none of that name. */
export async function runcState(name: string): Promise<z.output<typeof stateSchema> | undefined> {
  const result = await tryRun('runc', ['state', name], { timeoutMs: 10_000 });
  if (result === undefined) return undefined;
  const checked = stateSchema.safeParse(JSON.parse(result.stdout));
  return checked.success ? checked.data : undefined;
}

/**
 * What runC noted of a container: its first process, which may have ended since, and its standard streams as they were when
 * it started, which runC asks for at the restore.
 * @throws TagalongError `bad-configuration` where its record cannot be read
 */
export async function runcRecord(name: string): Promise<{ pid: number; descriptors: string[] }> {
  const file = `${notesOf(name)}/state.json`;
  const record = await readJson(file, recordSchema);
  if (record === undefined)
    throw new TagalongError('bad-configuration', { file, field: '(the whole file)', problem: 'it is not there' });
  return { pid: record.init_process_pid, descriptors: record.external_descriptors };
}

/** Ends a container and removes what runC keeps of it. A frozen one dies without running another instruction. */
export async function runcDelete(name: string): Promise<void> {
  await tryRun('runc', ['delete', '--force', name], { timeoutMs: 20_000 });
  if (!hasRuncNotes(name) || existsSync(`${notesOf(name)}/state.json`)) return;
  // a restore that was killed leaves what it restored from mounted there: runC cannot remove it, and takes the name for given
  const mounted = `${notesOf(name)}/criu-root`;
  await tryRun('umount', ['--lazy', mounted], { timeoutMs: 10_000 });
  for (const path of [mounted, notesOf(name)]) await rmdir(path).catch(() => undefined); // never what is below a mount
}

const notesOf = (name: string) => `/run/runc/${name}`;

/** Whether runC keeps anything of a container of this name, be it the remains of one. */
export function hasRuncNotes(name: string): boolean {
  return existsSync(notesOf(name));
}

/** A runC that waits for the word to go, so that nothing but runC itself has to be started when it comes. */
export interface WaitingRunc {
  go(): void;
  /** Its output can be written to the log from now on: whoever replaces the log's file has done so. */
  openLog(): void;
  /** Resolves when runC has returned; the container runs then. */
  done: Promise<void>;
  /** Gives it up, if it was not told to go. */
  cancel(): Promise<void>;
}

/**
 * Standard output of the container is a pipe to a small process of its own that appends to the log file: CRIU can carry a
 * pipe over to the other node, but not an open file outside of the container, and the log outlives the agent. It waits for a
 * word, since a restore's log still arrives: opened too early, what is written would go into a file without a name.
 */
const script = `
exec 8<&0 9>&1
read word && [ "$word" = go ] || exit 3
log=$1; writer=$2; shift 2
{ "$@" </dev/null 8<&- 9>&-; echo "$?" >&9; } 2>&1 | setsid -f sh -c '${logWriterScript}' sh "$log" "$writer" 2>/dev/null 9>&-
`;

/** The script with a mount of the container's root file system in front. */
function scriptWith(before: string): string {
  return script.replace('shift 2\n', `shift 2\n${before}\n`);
}

/**
 * Makes ready `runc run` or `runc restore`.
 *
 * @param parameters - runC's arguments after its global ones
 * @param before - a shell line that is run first, e.g. a mount; its failure is the failure of the whole
 * @param path - where programs are looked for, if not as usual
 */
export async function waitingRunc(
  place: ContainerPlace,
  parameters: readonly string[],
  before = '',
  path?: string,
): Promise<WaitingRunc> {
  await Promise.all([dirname(place.runcLog), dirname(place.logFile)].map((path) => mkdir(path, { recursive: true })));
  await rm(place.runcLog, { force: true });
  const guarded = before === '' ? '' : `${before} || { echo 97 >&9; exit 97; }`;
  const runc = ['runc', '--log', place.runcLog, '--log-format', 'json', ...parameters];
  const child = start('sh', ['-c', scriptWith(guarded), 'sh', place.logFile, place.logWriterFile, ...runc], {
    ...(path === undefined ? {} : { env: { PATH: path } }),
  });
  return {
    go: () => child.write('go\n'),
    openLog: () => child.write('log\n'),
    done: outcome(child, place, parameters[0] ?? ''),
    async cancel() {
      child.endInput();
      await child.ended;
    },
  };
}

async function outcome(child: LongRunning, place: ContainerPlace, verb: string): Promise<void> {
  let code: string | undefined;
  for await (const line of child.lines()) code = line;
  await child.ended;
  if (code === '0') return;
  const said = code === '97' ? 'its file system could not be mounted' : await lastErrors(place);
  throw new TagalongError('command-failed', {
    command: `runc ${verb}`,
    problem: said || `exit code ${code ?? 'unknown'}`,
  });
}

/** The last errors in runC's own log. */
async function lastErrors(place: ContainerPlace): Promise<string> {
  const text = await readFile(place.runcLog, 'utf8').catch(() => '');
  const messages = text.split('\n').flatMap((line) => {
    try {
      const checked = logLineSchema.safeParse(JSON.parse(line));
      return checked.success && checked.data.level === 'error' ? [checked.data.msg] : [];
    } catch {
      return [];
    }
  });
  return messages.slice(-2).join(' / ');
}

/** Lines of a CRIU configuration file (criu(8), CONFIGURATION FILES). */
export async function writeCriuConfiguration(place: ContainerPlace, lines: readonly string[]): Promise<void> {
  await mkdir(dirname(place.criuConfiguration), { recursive: true });
  // the agent cuts and opens the container's bridge port itself: CRIU's own lock forks iptables and costs 100 ms
  // who cannot be stopped within this many seconds is waited for in vain
  const own = ['network-lock skip', 'skip-in-flight', 'timeout 5'];
  await writeFile(place.criuConfiguration, `${[...own, ...lines].join('\n')}\n`, {
    mode: 0o600,
  });
}

/** Starts a new container. */
export async function runcRun(name: string, place: ContainerPlace, before: string): Promise<void> {
  const runc = await waitingRunc(place, ['run', '--detach', '--bundle', place.bundle, name], before);
  runc.go();
  runc.openLog();
  await runc.done;
}

/**
 * Dumps a container that its freezer holds. It stays frozen, in memory, so that it can run on at once if the move fails.
 *
 * @param imageDirectory - on a tmpfs; CRIU's images
 * @param workDirectory - CRIU's log and statistics
 */
export async function runcCheckpoint(
  name: string,
  imageDirectory: string,
  workDirectory: string,
  signal?: AbortSignal,
): Promise<void> {
  await run(
    'runc',
    [
      'checkpoint',
      '--leave-running',
      '--tcp-established',
      '--file-locks',
      '--image-path',
      imageDirectory,
      '--work-path',
      workDirectory,
      name,
    ],
    { timeoutMs: 120_000, ...(signal === undefined ? {} : { signal }) },
  );
}

/** Arguments of `runc restore` for {@link waitingRunc}. */
export function restoreParameters(
  name: string,
  place: ContainerPlace,
  imageDirectory: string,
  workDirectory: string,
  lazy: boolean,
): string[] {
  return [
    'restore',
    '--detach',
    ...(lazy ? ['--lazy-pages'] : []),
    '--tcp-established',
    '--file-locks',
    '--bundle',
    place.bundle,
    '--image-path',
    imageDirectory,
    '--work-path',
    workDirectory,
    name,
  ];
}

/** The errors in a log of CRIU, for a message. */
export async function criuErrors(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  const errors = text
    .split('\n')
    .filter((line) => line.includes('Error (') && !line.includes("Can't setup RLIMIT_NOFILE"));
  return errors
    .slice(0, 3)
    .map((line) => line.replace(/^\([\d.]+\)\s*/, '').trim())
    .join(' / ');
}
