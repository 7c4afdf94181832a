import { conditionsText } from '../report/conditionsText.ts';
import type { Outcome, Run } from '../report/runs.ts';
import type { Contestant } from './contestant.ts';
import type { Course } from './contestants.ts';
import type { Listener } from './listener.ts';
import { expectedRunMs, type Stage } from './plan.ts';
import { performRun } from './run.ts';
import type { Site } from './site.ts';

/** After so many failures one after the other a contestant is not tried again under these conditions. */
const failuresInARow = 2;

/** Whether the last outcomes say that another run would fail as well. */
export function isHopeless(outcomes: readonly Outcome[]): boolean {
  return outcomes.length >= failuresInARow && outcomes.slice(-failuresInARow).every(({ ok }) => !ok);
}

/** A course that could be made ready, or why not. */
export interface Entrant {
  course: Course;
  contestant?: Contestant;
  reason: string;
}

export interface Ring {
  site: Site;
  entrants: readonly Entrant[];
  listener: Listener;
  signal: AbortSignal;
  /** Whether there is time for a run of so many milliseconds. */
  hasTimeFor(expectedMs: number): boolean;
}

/** One small run of each that is not counted: programs and images are then in the memory of the machine, as in daily use. */
export async function warmUp({ site, entrants, listener, signal }: Ring): Promise<void> {
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

/** A list that begins at another of its places. */
export function rotated<T>(list: readonly T[], by: number): T[] {
  const first = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}

/**
 * All runs under the same conditions. The contestants take turns, each turn beginning with another one, so that noise of the
 * machine and what one leaves to the next meet all of them.
 */
export async function runStage(ring: Ring, stage: Stage): Promise<void> {
  const { listener, entrants } = ring;
  const done: Run[] = [];
  for (let turn = 1; turn <= stage.runs; turn += 1) {
    for (const entrant of rotated(entrants, turn - 1)) {
      const names = stage.contestants.filter((name) => entrant.course.legs.includes(name));
      if (names.length === 0) continue;
      if (!ring.hasTimeFor(expectedRunMs(entrant.course, stage.conditions, names))) {
        listener.onNote(
          `The time is up: ${conditionsText(stage.conditions)}: ${names.join(', ')}: ${turn - 1} of ${stage.runs} runs.`,
        );
        continue;
      }
      listener.onProgress(`${conditionsText(stage.conditions)}: ${names.join(', ')}: run ${turn} of ${stage.runs}`);
      const runs = await takeTurn(ring, entrant, stage, done);
      done.push(...runs);
      for (const run of runs) listener.onRun(run);
    }
  }
}
