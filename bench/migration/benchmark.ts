import { TagalongError } from '../../broker/contract/errors.ts';
import { labShape } from '../../provisioning/lab/shape.ts';
import { allowLargePipes } from '../measure/pipeSize.ts';
import type { Conditions, Outcome, Run } from '../report/runs.ts';
import { capRetries } from '../workload/retries.ts';
import { collectAccounts } from './account.ts';
import type { Contestant } from './contestant.ts';
import { type Course, coursesOf } from './contestants.ts';
import { expectedRunMs, type Stage } from './plan.ts';
import { performRun } from './run.ts';
import { nodeNames, type Site, sourceNode, startSite } from './site.ts';
import { startSsh } from './ssh.ts';
import { versionsOf } from './versions.ts';

/** Who hears what happens, as it happens. */
export interface Listener {
  onProgress(message: string): void;
  onRun(run: Run): void;
  /** Once, before the first run: of the programs that take part, by name. */
  onVersions(versions: Record<string, string>): void;
  /** What could not be done as planned, for the report. */
  onNote(note: string): void;
}

/** After so many failures one after the other a contestant is not tried again under these conditions. */
const failuresInARow = 2;

/** Whether the last outcomes say that another run would fail as well. */
export function isHopeless(outcomes: readonly Outcome[]): boolean {
  return outcomes.length >= failuresInARow && outcomes.slice(-failuresInARow).every(({ ok }) => !ok);
}

/** A course that could be made ready, or why not. */
interface Entrant {
  course: Course;
  contestant?: Contestant;
  reason: string;
}

async function enterAll(site: Site, courses: readonly Course[]): Promise<Entrant[]> {
  const { host } = await startSsh(site);
  const accounts = await collectAccounts(site.connection);
  const entrants: Entrant[] = [];
  for (const course of courses) {
    const entered = await course.make({ site, host, accounts }).then(
      (contestant) => ({ contestant, reason: '' }),
      (error: unknown) => ({ reason: error instanceof Error ? error.message : String(error) }),
    );
    entrants.push({ course, ...entered });
  }
  return entrants;
}

interface Ring {
  site: Site;
  entrants: readonly Entrant[];
  listener: Listener;
  signal: AbortSignal;
  /** Whether there is time for a run of so many milliseconds. */
  hasTimeFor(expectedMs: number): boolean;
}

function text({ memoryMiB, dirtyMBps, linkMbps, rttMs }: Conditions): string {
  const link = linkMbps === null ? 'free' : `${linkMbps} Mbit/s`;
  return `${memoryMiB} MiB, ${dirtyMBps} MB/s dirty, ${link}${rttMs === 0 ? '' : `, ${rttMs} ms`}`;
}

/** One small run of each that is not counted: programs and images are then in the memory of the machine, as in daily use. */
async function warmUp({ site, entrants, listener, signal }: Ring): Promise<void> {
  for (const { course, contestant } of entrants) {
    if (contestant === undefined) continue;
    const first = course.legs.slice(0, 1);
    listener.onProgress(`${first}: a run to warm up`);
    const conditions = { memoryMiB: 1, dirtyMBps: 0, linkMbps: null, rttMs: 0 };
    await performRun(site, contestant, conditions, first, signal);
  }
}

/** One run of one course under a stage's conditions, as far as its legs are wanted and not hopeless. */
async function takeTurn(ring: Ring, entrant: Entrant, stage: Stage, earlier: readonly Run[]): Promise<Run[]> {
  const { site, listener, signal } = ring;
  const { conditions } = stage;
  const outcomesOf = (name: string) => earlier.filter((run) => run.contestant === name).map(({ outcome }) => outcome);
  const wanted = stage.contestants.filter(
    (name) => entrant.course.legs.includes(name) && !isHopeless(outcomesOf(name)),
  );
  if (wanted.length === 0) return [];
  const refusal: Outcome = { ok: false, reason: entrant.reason, refused: true };
  const outcomes =
    entrant.contestant === undefined
      ? new Map<string, Outcome>(wanted.map((name) => [name, refusal]))
      : await performRun(site, entrant.contestant, conditions, wanted, signal);
  return wanted.map((name) => {
    const outcome = outcomes.get(name) ?? refusal;
    if (!outcome.ok) listener.onProgress(`${name}: failed: ${outcome.reason}`);
    const technique =
      entrant.contestant?.legs.find((leg) => leg.name === name)?.technique ?? name.replace('recipe-', '');
    return { ...conditions, contestant: name, technique, outcome };
  });
}

/** All runs under the same conditions: the contestants take turns, so that noise of the machine meets all of them. */
async function runStage(ring: Ring, stage: Stage): Promise<void> {
  const { listener, entrants } = ring;
  const done: Run[] = [];
  for (let turn = 1; turn <= stage.runs; turn += 1) {
    for (const entrant of entrants) {
      const names = stage.contestants.filter((name) => entrant.course.legs.includes(name));
      if (names.length === 0) continue;
      if (!ring.hasTimeFor(expectedRunMs(entrant.course, stage.conditions, names))) {
        listener.onNote(
          `The time is up: ${text(stage.conditions)}: ${names.join(', ')}: ${turn - 1} of ${stage.runs} runs.`,
        );
        continue;
      }
      listener.onProgress(`${text(stage.conditions)}: ${names.join(', ')}: run ${turn} of ${stage.runs}`);
      const runs = await takeTurn(ring, entrant, stage, done);
      done.push(...runs);
      for (const run of runs) listener.onRun(run);
    }
  }
}

/** Limits the uplinks of both nodes; the way between them is delayed at one of them, so that each packet waits once. */
async function shape(lab: string, { linkMbps, rttMs }: Conditions): Promise<void> {
  for (const node of nodeNames) {
    const delay = rttMs === 0 || node !== sourceNode ? {} : { delayMs: rttMs / 2 };
    await labShape({ name: lab, node, ...(linkMbps === null ? {} : { rateMbps: linkMbps }), ...delay });
  }
}

/** Whether this kernel can delay packets. Nothing is limited afterwards. */
async function canDelay(lab: string): Promise<boolean> {
  try {
    await labShape({ name: lab, node: sourceNode, delayMs: 1 });
    await labShape({ name: lab, node: sourceNode, clear: true });
    return true;
  } catch (error) {
    if (error instanceof TagalongError && error.code === 'shaping-unavailable') return false;
    throw error;
  }
}

/** The stages that this machine can do; the listener is told of the others. */
async function possible(lab: string, stages: readonly Stage[], listener: Listener): Promise<Stage[]> {
  const distant = stages.filter(({ conditions }) => conditions.rttMs > 0);
  if (await canDelay(lab)) return [...stages];
  const what = distant.length === 0 ? 'no round trip could be added' : `${distant.length} conditions are left out`;
  listener.onNote(`The kernel has no netem, which delays packets: ${what}; the round trip is that of one machine.`);
  return stages.filter(({ conditions }) => conditions.rttMs === 0);
}

export interface BenchmarkOptions {
  /** Name of the lab that is started for it. */
  lab: string;
  stages: readonly Stage[];
  /** As for {@link coursesOf}. */
  brief: boolean;
  /** No run is begun that would end later than so many milliseconds after the start. */
  limitMs?: number;
}

/** Notes that the contestants' preparation, in a brief benchmark, is not the one of a longer one. */
const briefNote =
  'In short: tagalong-prepared is prepared when it has been at the destination before, so that little is sent for it.';

async function measureAll(site: Site, options: BenchmarkOptions, ring: Omit<Ring, 'site' | 'entrants'>): Promise<void> {
  const { lab, brief } = options;
  const { listener, signal } = ring;
  listener.onVersions(await versionsOf(site));
  if (!(await capRetries(lab))) {
    listener.onNote(
      "The kernel has no tcp_rto_max_ms: long silences are up to twice the pause, as the client's retries double.",
    );
  }
  if (brief) listener.onNote(briefNote);
  const stages = await possible(lab, options.stages, listener);
  listener.onProgress('making the contestants ready');
  const wanted = [...new Set(stages.flatMap(({ contestants }) => contestants))];
  const entrants = await enterAll(site, coursesOf(wanted, brief));
  signal.throwIfAborted();
  await warmUp({ ...ring, site, entrants });
  for (const stage of stages) {
    await shape(lab, stage.conditions);
    await runStage({ ...ring, site, entrants }, stage);
  }
}

/**
 * The benchmark of migrations: one lab, all contestants, all stages. A run that fails is a result too.
 *
 * @throws TagalongError where the lab cannot be brought up; the signal's reason. The lab is down in either case
 */
export async function benchmarkMigration(
  options: BenchmarkOptions,
  listener: Listener,
  signal: AbortSignal,
): Promise<void> {
  const endMs = performance.now() + (options.limitMs ?? Number.POSITIVE_INFINITY);
  const hasTimeFor = (neededMs: number) => performance.now() + neededMs <= endMs;
  const restorePipes = allowLargePipes();
  if (restorePipes !== undefined) {
    listener.onNote(
      "Root lacks CAP_SYS_RESOURCE here: fs.pipe-max-size is raised meanwhile, or CRIU's page server could not serve.",
    );
  }
  try {
    const site = await startSite(options.lab, listener.onProgress);
    try {
      signal.throwIfAborted();
      await measureAll(site, options, { listener, signal, hasTimeFor });
    } finally {
      listener.onProgress('taking the lab down');
      await site.close();
    }
  } finally {
    restorePipes?.();
  }
}
