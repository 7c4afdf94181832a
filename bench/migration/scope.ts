import type { ContestantName } from './contestants.ts';
import { contestantNames } from './contestants.ts';
import { defaultPlan, fullPlan, type Link, quickPlan, type Stage, stagesOf } from './plan.ts';

/** What the command line may say of what is measured. */
export interface Scope {
  quick?: boolean;
  full?: boolean;
  runs?: number;
  memory?: number[];
  dirty?: number[];
  links?: Link[];
  rtt?: number;
  contestants?: ContestantName[];
}

/** All combinations of what is asked for, and of what `--quick` or a small choice has for the rest. */
function asked({ quick = false, runs, memory, dirty, links, rtt = 0, contestants }: Scope): Stage[] {
  return stagesOf([
    {
      memoriesMiB: memory ?? [1, 64],
      dirtyMBps: dirty ?? (quick ? [0, 1] : [0]),
      linksMbps: links ?? (quick ? [100, 20] : [1000, 100]),
      rttMs: rtt,
      contestants: contestants ?? contestantNames,
      runs: runs ?? (quick ? 1 : 5),
    },
  ]);
}

/**
 * What is measured. Conditions that are named are all combined with each other; otherwise it is the plan that was chosen,
 * with the contestants and the number of runs that were named.
 */
export function stagesFor(scope: Scope): Stage[] {
  const { quick = false, full = false, runs, contestants } = scope;
  const named = [scope.memory, scope.dirty, scope.links, scope.rtt].some((one) => one !== undefined);
  const plan = full ? fullPlan(true) : quick ? quickPlan : defaultPlan;
  const wanted = contestants ?? (quick ? quickPlan[0]?.contestants : undefined);
  if (named && !full) return asked(wanted === undefined ? scope : { ...scope, contestants: [...wanted] });
  return stagesOf(plan)
    .map((stage) => ({
      ...stage,
      runs: runs ?? stage.runs,
      contestants:
        contestants === undefined ? stage.contestants : stage.contestants.filter((one) => contestants.includes(one)),
    }))
    .filter((stage) => stage.contestants.length > 0);
}
