import { allowLargePipes } from '../measure/pipeSize.ts';
import { capRetries } from '../workload/retries.ts';
import { collectAccounts } from './account.ts';
import { type Course, coursesOf } from './contestants.ts';
import { possible, shape } from './links.ts';
import type { Listener } from './listener.ts';
import type { Stage } from './plan.ts';
import { type Site, startSite } from './site.ts';
import { startSsh } from './ssh.ts';
import { type Entrant, type Ring, runStage, warmUp } from './stage.ts';
import { versionsOf } from './versions.ts';

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
