import { bytesText } from '../../cli/terminal/quantities.ts';
import { conditionsText, linkText, msText } from './conditionsText.ts';
import { chooser, groupsOf, isRival } from './lost.ts';
import type { Cell } from './runs.ts';

/** Something that is said of Tagalong's speed, and whether the cells bear it out. */
export interface Claim {
  claim: string;
  verdict: 'holds' | 'does not hold' | 'not measured';
  /** Of how many comparisons it holds. */
  held: number;
  compared: number;
  /** The figures of those that it does not hold of, or the closest one. */
  figures: string[];
}

/** One comparison: how far the figure is used up, 1 being the limit. */
interface Comparison {
  /** At most 1 where the claim holds. */
  share: number;
  figures: string;
}

const mostFigures = 20;

function judge(claim: string, comparisons: readonly Comparison[]): Claim {
  const broken = comparisons.filter(({ share }) => !(share <= 1)).toSorted((a, b) => b.share - a.share);
  const closest = comparisons.toSorted((a, b) => b.share - a.share).slice(0, 1);
  const shown = broken.length === 0 ? closest : broken.slice(0, mostFigures);
  const verdict = comparisons.length === 0 ? 'not measured' : broken.length === 0 ? 'holds' : 'does not hold';
  const figures = shown.map((one) => one.figures);
  return { claim, verdict, held: comparisons.length - broken.length, compared: comparisons.length, figures };
}

const gapOf = (cell: Cell | undefined) => cell?.clientGapMs?.p50;

/** Each pair of a cell of one contestant and one of another under the same conditions, both measured. */
function pairs(cells: readonly Cell[], own: string, isOther: (cell: Cell) => boolean): [Cell, Cell][] {
  return groupsOf(cells).flatMap((group) => {
    const mine = group.find(({ contestant, clientGapMs }) => contestant === own && clientGapMs !== null);
    if (mine === undefined) return [];
    return group
      .filter((cell) => isOther(cell) && cell.clientGapMs !== null)
      .map((other): [Cell, Cell] => [mine, other]);
  });
}

/** At most `limit` times as long as the other's silence. */
function against([mine, other]: [Cell, Cell], limit: number): Comparison {
  const [own, theirs] = [gapOf(mine) ?? 0, gapOf(other) ?? 0];
  const names = `${mine.contestant} ${msText(own)}, ${other.contestant} ${msText(theirs)}`;
  return { share: own / theirs / limit, figures: `${conditionsText(mine)}: ${names}` };
}

function neverSlower(cells: readonly Cell[]): Claim {
  const best = groupsOf(pairs(cells, chooser, isRival).map(([, rival]) => rival)).flatMap((rivals) =>
    rivals.toSorted((a, b) => (gapOf(a) ?? 0) - (gapOf(b) ?? 0)).slice(0, 1),
  );
  const compared = pairs(cells, chooser, (cell) => best.includes(cell));
  return judge(
    `${chooser} is never slower than the best contestant of its cell`,
    compared.map((pair) => against(pair, 1)),
  );
}

function fiveTimes(cells: readonly Cell[], peer: string): Claim {
  const compared = pairs(cells, chooser, ({ contestant }) => contestant === peer).filter(
    ([{ memoryMiB, linkMbps }]) => memoryMiB >= 50 && linkMbps !== null && linkMbps <= 100,
  );
  return judge(
    `${chooser} is silent at most a fifth of the time of ${peer} from 50 MiB on, at 100 Mbit/s and less`,
    compared.map((pair) => against(pair, 1 / 5)),
  );
}

function independentOfMemory(cells: readonly Cell[]): Claim {
  const prepared = cells.filter(({ contestant, dirtyMBps }) => contestant === 'tagalong-prepared' && dirtyMBps === 0);
  const comparisons = prepared.flatMap((large) => {
    const small = prepared.find(
      ({ memoryMiB, linkMbps, rttMs }) => memoryMiB === 1 && linkMbps === large.linkMbps && rttMs === large.rttMs,
    );
    const [largeMs, smallMs] = [gapOf(large), gapOf(small)];
    if (large.memoryMiB !== 100 || largeMs === undefined || smallMs === undefined) return [];
    const figures = `${linkText(large)}: 100 MiB ${msText(largeMs)}, 1 MiB ${msText(smallMs)}`;
    return [{ share: largeMs / smallMs / 1.3, figures }];
  });
  return judge(
    'a prepared move of memory at rest is silent at 100 MiB at most 1.3 times as long as at 1 MiB',
    comparisons,
  );
}

const isPreparedAt1000 = ({ memoryMiB, linkMbps, dirtyMBps, rttMs }: Cell) =>
  memoryMiB === 64 && linkMbps === 1000 && dirtyMBps === 0 && rttMs === 0;

function nearTheFloor(cells: readonly Cell[]): Claim {
  const compared = pairs(
    cells.filter(isPreparedAt1000),
    'tagalong-prepared',
    ({ contestant }) => contestant === 'floor',
  );
  return judge(
    'a prepared move of 64 MiB at 1 Gbit/s is silent at most 1.5 times as long as checkpoint and restore on one node',
    compared.map((pair) => against(pair, 1.5)),
  );
}

function below100Ms(cells: readonly Cell[]): Claim {
  const compared = cells.filter((cell) => isPreparedAt1000(cell) && cell.contestant === 'tagalong-prepared');
  return judge(
    'a prepared move of 64 MiB at 1 Gbit/s is silent for less than 100 ms',
    compared.flatMap((cell) => {
      const gapMs = gapOf(cell);
      // less than, not at most
      return gapMs === undefined
        ? []
        : [{ share: gapMs / 99.95, figures: `${conditionsText(cell)}: ${msText(gapMs)}` }];
    }),
  );
}

function onlyChanges(cells: readonly Cell[]): Claim {
  return judge(
    'a container that comes back with 5 % of its pages changed sends at most 1.15 times the bytes of these pages',
    cells.flatMap((cell) => {
      const { contestant, sentBytes, changedBytes } = cell;
      if (contestant !== 'tagalong-return-changed' || sentBytes === null || !changedBytes) return [];
      const figures = `${conditionsText(cell)}: ${bytesText(sentBytes)} for ${bytesText(changedBytes)}`;
      return [{ share: sentBytes / changedBytes / 1.15, figures }];
    }),
  );
}

function littleDisturbance(cells: readonly Cell[]): Claim {
  return judge(
    'while memory is sent ahead the workload never waits as long as 20 ms for its processor (median of the worst gaps)',
    cells.flatMap((cell) => {
      const gapMs = cell.schedulingGapMs?.p50;
      if (gapMs === undefined) return [];
      return [{ share: gapMs / 19.95, figures: `${conditionsText(cell)}: ${cell.contestant} ${gapMs.toFixed(1)} ms` }];
    }),
  );
}

function littleMemory(cells: readonly Cell[]): Claim {
  return judge(
    'agent and pager need at most 150 MiB and a tenth of the memory of the container (largest of all runs)',
    cells.flatMap((cell) => {
      const { memoryMiB, agentMemoryBytes, contestant } = cell;
      if (agentMemoryBytes === null) return [];
      const limitBytes = (150 + memoryMiB / 10) * 1024 * 1024;
      return [
        {
          share: agentMemoryBytes / limitBytes,
          figures: `${conditionsText(cell)}: ${contestant} ${bytesText(agentMemoryBytes)} of ${bytesText(limitBytes)}`,
        },
      ];
    }),
  );
}

/** What is claimed, each with what the cells say of it. */
export function claimsOf(cells: readonly Cell[]): Claim[] {
  return [
    neverSlower(cells),
    fiveTimes(cells, 'recipe-cold'),
    fiveTimes(cells, 'podman'),
    independentOfMemory(cells),
    nearTheFloor(cells),
    below100Ms(cells),
    onlyChanges(cells),
    littleDisturbance(cells),
    littleMemory(cells),
  ];
}
