import { type Conditions, conditionsKey } from '../report/runs.ts';
import { type ContestantName, type Course, contestantNames, coursesOf } from './contestants.ts';

/** Which links there are: limits in Mbit/s, null for none. */
export type Link = number | null;

/** Conditions that are all combined with each other. */
export interface Grid {
  memoriesMiB: readonly number[];
  dirtyMBps: readonly number[];
  linksMbps: readonly Link[];
  rttMs?: number;
  contestants: readonly ContestantName[];
  /** Of each contestant under each condition. */
  runs: number;
}

/** What is measured under the same conditions. */
export interface Stage {
  conditions: Conditions;
  contestants: readonly ContestantName[];
  runs: number;
}

const all = contestantNames;
/** Those that a claim is about, where links are slow and time is short. */
const few = ['recipe-cold', 'podman', 'floor', 'tagalong-prepared', 'tagalong-auto', 'tagalong-return'] as const;
const quick = [...few, 'tagalong-cold'] as const;

/** A run of each, in under ten minutes. */
export const quickPlan: readonly Grid[] = [
  { memoriesMiB: [1, 64], dirtyMBps: [0, 1], linksMbps: [100, 20], contestants: quick, runs: 1 },
];

/** All that has to be shown, with the spread of 5 runs, in 60 to 90 minutes. */
export const defaultPlan: readonly Grid[] = [
  { memoriesMiB: [1, 10, 64, 100], dirtyMBps: [0], linksMbps: [1000], contestants: all, runs: 5 },
  { memoriesMiB: [1, 100], dirtyMBps: [0], linksMbps: [100], contestants: all, runs: 5 },
  { memoriesMiB: [50], dirtyMBps: [1, 10], linksMbps: [100], contestants: all, runs: 5 },
  { memoriesMiB: [1], dirtyMBps: [0], linksMbps: [20, 13], contestants: few, runs: 5 },
  { memoriesMiB: [50], dirtyMBps: [1], linksMbps: [20], contestants: few, runs: 5 },
  { memoriesMiB: [100], dirtyMBps: [0], linksMbps: [20, 13], contestants: ['floor', 'tagalong-prepared'], runs: 5 },
];

const fullMemoriesMiB = [1, 10, 50, 64, 100, 256];
const fullDirtyMBps = [0, 1, 10];
/** The links of the recipe's own experiments with their round trips. */
const distantLinks = [
  { linkMbps: 100, rttMs: 18 },
  { linkMbps: 20, rttMs: 80 },
  { linkMbps: 13, rttMs: 122 },
];
/** Where sending the memory once takes longer, one run has to do. */
const longTransferMs = 30_000;

/** How long a link needs for a container's memory and its program's own, in milliseconds. */
export function transferMs({ memoryMiB, linkMbps }: Pick<Conditions, 'memoryMiB' | 'linkMbps'>): number {
  return linkMbps === null ? 0 : ((memoryMiB + 3) * 1024 * 1024 * 8) / (linkMbps * 1000);
}

/**
 * Every combination. Slow ones, whose moves take minutes, with one run.
 *
 * @param distant - also with round trips as of distant nodes
 */
export function fullPlan(distant: boolean): Grid[] {
  const links = [1000, 100, 20, 13].map((linkMbps) => ({ linkMbps, rttMs: 0 }));
  return [...links, ...(distant ? distantLinks : [])].flatMap(({ linkMbps, rttMs }) =>
    fullMemoriesMiB.map((memoryMiB) => ({
      memoriesMiB: [memoryMiB],
      dirtyMBps: fullDirtyMBps,
      linksMbps: [linkMbps],
      rttMs,
      contestants: all,
      runs: transferMs({ memoryMiB, linkMbps }) > longTransferMs ? 1 : 5,
    })),
  );
}

/** A contestant that rewrites pages itself is for a workload that leaves them alone: else its changes are not counted exactly. */
function suits(contestant: ContestantName, { dirtyMBps }: Conditions): boolean {
  return contestant !== 'tagalong-return-changed' || dirtyMBps === 0;
}

/** A plan as stages in the order of measuring, quick ones first: an interruption then costs little. */
export function stagesOf(plan: readonly Grid[]): Stage[] {
  const stages = plan.flatMap(({ memoriesMiB, dirtyMBps, linksMbps, rttMs = 0, contestants, runs }) =>
    linksMbps.flatMap((linkMbps) =>
      memoriesMiB.flatMap((memoryMiB) =>
        dirtyMBps.map((dirty): Stage => {
          const conditions = { memoryMiB, dirtyMBps: dirty, linkMbps, rttMs };
          return { conditions, contestants: contestants.filter((name) => suits(name, conditions)), runs };
        }),
      ),
    ),
  );
  const distinct = new Map(stages.map((stage) => [conditionsKey(stage.conditions), stage]));
  return [...distinct.values()].toSorted((a, b) => transferMs(a.conditions) - transferMs(b.conditions));
}

/** What a run and each of its moves cost beside the transfer: starting, looking at memory, dump, restore, removing. */
const runMs = 2500;
const moveMs = 1000;
const moveMsPerMiB = 20;
const startMs = 35_000;

/** What is sent more than once where the workload rewrites pages that were sent ahead. */
const again = 1.5;

/** About how long one run of a course takes under some conditions, in milliseconds: it sends the whole memory once, the floor never. */
export function expectedRunMs({ legs }: Course, conditions: Conditions, wanted: readonly ContestantName[]): number {
  // refused at once where the kernel does not track dirty pages, and no slower than the others where it does
  if (legs.some((leg) => leg === 'recipe-pre-copy' || leg === 'recipe-hybrid')) return 0;
  const moves = legs.findLastIndex((leg) => wanted.includes(leg)) + 1;
  const sendsAhead = legs[0]?.startsWith('tagalong') && !legs.includes('tagalong-cold') && conditions.dirtyMBps > 0;
  const transfers = legs.includes('floor') ? 0 : sendsAhead ? again : 1;
  return (
    runMs +
    moves * (moveMs + moveMsPerMiB * conditions.memoryMiB) +
    (moves - 1) * 2000 +
    transfers * transferMs(conditions)
  );
}

/**
 * About how long stages take, in milliseconds.
 *
 * @param brief - as for {@link coursesOf}
 */
export function expectedMs(stages: readonly Stage[], brief: boolean): number {
  const ofStage = ({ conditions, contestants, runs }: Stage) =>
    coursesOf(contestants, brief).reduce((sum, one) => sum + runs * expectedRunMs(one, conditions, contestants), 0);
  return stages.reduce((sum, stage) => sum + ofStage(stage), startMs);
}
