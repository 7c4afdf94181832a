import { labShape } from '../../provisioning/lab/shape.ts';
import type { Conditions, Outcome, Run } from '../report/runs.ts';
import type { Contestant } from './contestant.ts';
import { type ContestantName, contestantTable } from './contestants.ts';
import { performRun } from './run.ts';
import { type Site, sourceNode, startSite } from './site.ts';
import { startSsh } from './ssh.ts';
import { versionsOf } from './versions.ts';

export interface BenchmarkOptions {
  lab: string;
  contestants: readonly ContestantName[];
  memoriesMiB: readonly number[];
  /** Limits of the source's uplink; null for none. */
  linksMbps: readonly (number | null)[];
  /** Of each contestant under each condition. */
  runs: number;
}

export interface BenchmarkResult {
  runs: Run[];
  /** Of the programs that took part, by name. */
  versions: Record<string, string>;
}

/** After so many failures one after the other a contestant is not tried again under these conditions. */
const failuresInARow = 2;

/** All conditions, in the order of measuring. */
export function conditionsOf(options: Pick<BenchmarkOptions, 'memoriesMiB' | 'linksMbps'>): Conditions[] {
  return options.linksMbps.flatMap((linkMbps) =>
    // the service writes to its memory only what a message needs
    options.memoriesMiB.map((memoryMiB) => ({ memoryMiB, dirtyMBps: 0, linkMbps })),
  );
}

/** Whether the last outcomes say that another run would fail as well. */
export function isHopeless(outcomes: readonly Outcome[]): boolean {
  return outcomes.length >= failuresInARow && outcomes.slice(-failuresInARow).every(({ ok }) => !ok);
}

/** A contestant that could be made ready, or why not. */
type Entrant = { name: ContestantName; contestant: Contestant } | { name: ContestantName; reason: string };

async function enter(name: ContestantName, site: Site, host: string): Promise<Entrant> {
  try {
    return { name, contestant: await contestantTable[name].make(site, host) };
  } catch (error) {
    return { name, reason: error instanceof Error ? error.message : String(error) };
  }
}

interface Stage {
  site: Site;
  options: BenchmarkOptions;
  onProgress: (message: string) => void;
  signal: AbortSignal;
}

/** One small run of each that is not counted: programs and images are then in the memory of the machine, as in daily use. */
async function warmUp({ site, onProgress, signal }: Stage, entrants: readonly Entrant[]): Promise<void> {
  for (const entrant of entrants) {
    if (!('contestant' in entrant)) continue;
    onProgress(`${entrant.name}: a run to warm up`);
    await performRun(site, entrant.contestant, { memoryMiB: 1, dirtyMBps: 0, linkMbps: null }, signal);
  }
}

/** All runs under the same conditions: the contestants take turns, so that noise of the machine meets all of them. */
async function runAll(stage: Stage, entrants: readonly Entrant[], conditions: Conditions): Promise<Run[]> {
  const { site, options, onProgress, signal } = stage;
  const runs: Run[] = [];
  for (let turn = 1; turn <= options.runs; turn += 1) {
    for (const entrant of entrants) {
      const { name } = entrant;
      const earlier = runs.filter(({ contestant }) => contestant === name).map(({ outcome }) => outcome);
      if (isHopeless(earlier)) continue;
      const link = conditions.linkMbps === null ? '' : `, ${conditions.linkMbps} Mbit/s`;
      onProgress(`${name}, ${conditions.memoryMiB} MiB${link}: run ${turn} of ${options.runs}`);
      const outcome: Outcome =
        'contestant' in entrant
          ? await performRun(site, entrant.contestant, conditions, signal)
          : { ok: false, reason: entrant.reason };
      if (!outcome.ok) onProgress(`${name}: failed: ${outcome.reason}`);
      runs.push({ ...conditions, contestant: name, technique: contestantTable[name].technique, outcome });
    }
  }
  return runs;
}

/**
 * The benchmark of migrations: one lab, all contestants, all conditions. A run that fails is a result too.
 *
 * @throws TagalongError where the lab cannot be brought up; the signal's reason. The lab is down in either case
 */
export async function benchmarkMigration(
  options: BenchmarkOptions,
  onProgress: (message: string) => void,
  signal: AbortSignal,
): Promise<BenchmarkResult> {
  const site = await startSite(options.lab, onProgress);
  try {
    signal.throwIfAborted();
    onProgress('making the contestants ready');
    const ssh = await startSsh(site);
    const entrants: Entrant[] = [];
    for (const name of options.contestants) entrants.push(await enter(name, site, ssh.host));
    const stage = { site, options, onProgress, signal };
    await warmUp(stage, entrants);
    const runs: Run[] = [];
    for (const conditions of conditionsOf(options)) {
      const { linkMbps } = conditions;
      if (linkMbps !== null) await labShape({ name: options.lab, node: sourceNode, rateMbps: linkMbps });
      else await labShape({ name: options.lab, node: sourceNode, clear: true });
      runs.push(...(await runAll(stage, entrants, conditions)));
    }
    return { runs, versions: await versionsOf(site) };
  } finally {
    onProgress('taking the lab down');
    await site.close();
  }
}
