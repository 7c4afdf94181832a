import test from 'ava';
import { contestantNames, coursesOf } from '../../../bench/migration/contestants.ts';
import { defaultPlan, expectedMs, fullPlan, quickPlan, type Stage, stagesOf } from '../../../bench/migration/plan.ts';
import { stagesFor } from '../../../bench/migration/scope.ts';
import { conditionsKey } from '../../../bench/report/runs.ts';

const minutes = 60_000;

const find = (stages: readonly Stage[], memoryMiB: number, dirtyMBps: number, linkMbps: number) =>
  stages.find(
    ({ conditions }) =>
      conditions.memoryMiB === memoryMiB && conditions.dirtyMBps === dirtyMBps && conditions.linkMbps === linkMbps,
  );

test('the quick plan has its eight conditions and seven contestants, in under ten minutes', (t) => {
  const stages = stagesOf(quickPlan);
  t.is(stages.length, 8);
  for (const { contestants, runs } of stages) {
    t.is(runs, 1);
    t.deepEqual([...contestants].sort(), [
      'floor',
      'podman',
      'recipe-cold',
      'tagalong-auto',
      'tagalong-cold',
      'tagalong-prepared',
      'tagalong-return',
    ]);
  }
  t.true(expectedMs(stages, true) < 10 * minutes);
});

test('the default plan has every cell that a claim is about, 5 runs of each, in 60 to 90 minutes', (t) => {
  const stages = stagesOf(defaultPlan);
  t.true(stages.every(({ runs }) => runs >= 5));
  const takes = expectedMs(stages, false);
  t.true(takes > 60 * minutes && takes < 90 * minutes);
  for (const linkMbps of [1000, 100, 20, 13]) {
    for (const memoryMiB of [1, 100]) {
      t.true(find(stages, memoryMiB, 0, linkMbps)?.contestants.includes('tagalong-prepared'));
    }
  }
  t.deepEqual(find(stages, 64, 0, 1000)?.contestants, contestantNames);
  t.true(find(stages, 50, 10, 100)?.contestants.includes('tagalong-auto'));
});

test('the full plan has every combination, slow ones with one run, and distant links only where they can be had', (t) => {
  const stages = stagesOf(fullPlan(false));
  t.is(stages.length, 6 * 3 * 4);
  t.is(find(stages, 256, 10, 13)?.runs, 1);
  t.is(find(stages, 256, 10, 1000)?.runs, 5);
  t.true(stages.every(({ conditions }) => conditions.rttMs === 0));
  t.is(stagesOf(fullPlan(true)).length, 6 * 3 * 7);
});

test('no condition comes twice, and quick ones come first', (t) => {
  for (const plan of [quickPlan, defaultPlan, fullPlan(true)]) {
    const stages = stagesOf(plan);
    const keys = stages.map(({ conditions }) => conditionsKey(conditions));
    t.is(new Set(keys).size, keys.length);
    t.true((stages[0]?.conditions.memoryMiB ?? 0) < (stages.at(-1)?.conditions.memoryMiB ?? 0));
  }
});

test('a container that changes pages itself is measured with memory at rest only', (t) => {
  for (const { conditions, contestants } of stagesOf(fullPlan(false))) {
    t.is(contestants.includes('tagalong-return-changed'), conditions.dirtyMBps === 0);
  }
});

test('what is named on the command line wins', (t) => {
  t.deepEqual(stagesFor({}), stagesOf(defaultPlan));
  t.deepEqual(stagesFor({ quick: true }), stagesOf(quickPlan));
  const asked = stagesFor({ memory: [2], links: [null, 100], dirty: [0, 1], runs: 3, contestants: ['tagalong-cold'] });
  t.is(asked.length, 4);
  for (const { conditions, contestants, runs } of asked) {
    t.is(conditions.memoryMiB, 2);
    t.deepEqual(contestants, ['tagalong-cold']);
    t.is(runs, 3);
  }
  const narrowed = stagesFor({ quick: true, links: [100], runs: 2 });
  t.is(narrowed.length, 4);
  t.true(narrowed.every(({ runs, contestants }) => runs === 2 && contestants.length === 7));
});

test('contestants that are named are taken out of the plan, and stages without one are left out', (t) => {
  const stages = stagesFor({ contestants: ['tagalong-post-copy'] });
  t.true(stages.length > 0 && stages.length < stagesOf(defaultPlan).length);
  t.true(stages.every(({ contestants }) => contestants.length === 1));
});

test('each contestant has one course, and going back begins with going there', (t) => {
  for (const brief of [true, false]) {
    const legs = coursesOf(contestantNames, brief).flatMap((course) => course.legs);
    t.deepEqual(legs.toSorted(), contestantNames.toSorted());
  }
  t.deepEqual(
    coursesOf(['tagalong-return'], false).map(({ legs }) => legs[0]),
    ['tagalong-auto'],
  );
});
