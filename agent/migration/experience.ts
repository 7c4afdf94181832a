import { join } from 'node:path';
import { z } from 'zod';
import { techniqueSchema } from '../../broker/contract/documents.ts';
import { readJson, writeDurably } from '../../host/files.ts';
import type { Technique } from './plan.ts';

const experienceSchema = z.object({
  /** By destination and technique: actual pauses divided by the uncorrected estimates, the newest last. */
  ratios: z.record(z.string(), z.partialRecord(techniqueSchema, z.array(z.number().positive()))),
  /** By container: how fast its memory changed when it was last looked at. */
  dirtyBytesPerSecond: z.record(z.string(), z.number().nonnegative()),
});

/** What this node has learned from its moves, for the next estimate. It survives restarts. */
export interface Experience {
  correctionsFor(destination: string): Partial<Record<Technique, number>>;
  dirtyRateOf(container: string): number | undefined;
  /** How a move came out. @param estimateMs - without a correction */
  learn(destination: string, technique: Technique, estimateMs: number, actualMs: number): Promise<void>;
  noteDirtyRate(container: string, bytesPerSecond: number): void;
}

/** One odd move must not spoil all estimates. */
const bounds = { least: 0.3, most: 3 };
/** So many of the last moves count. */
const mostRatios = 7;
const mostContainers = 500;

export async function openExperience(dataDirectory: string): Promise<Experience> {
  const path = join(dataDirectory, 'experience.json');
  const known = (await readJson(path, experienceSchema).catch(() => undefined)) ?? {
    ratios: {},
    dirtyBytesPerSecond: {},
  };
  return {
    correctionsFor: (destination) =>
      Object.fromEntries(
        Object.entries(known.ratios[destination] ?? {}).map(([technique, ratios]) => [
          technique,
          correctionFrom(ratios),
        ]),
      ),
    dirtyRateOf: (container) => known.dirtyBytesPerSecond[container],
    async learn(destination, technique, estimateMs, actualMs) {
      const ratio = Math.min(bounds.most, Math.max(bounds.least, actualMs / estimateMs));
      const there = known.ratios[destination] ?? {};
      there[technique] = [...(there[technique] ?? []), ratio].slice(-mostRatios);
      known.ratios[destination] = there;
      await writeDurably(path, JSON.stringify(known));
    },
    noteDirtyRate(container, bytesPerSecond) {
      if (Object.keys(known.dirtyBytesPerSecond).length > mostContainers) known.dirtyBytesPerSecond = {};
      known.dirtyBytesPerSecond[container] = bytesPerSecond;
    },
  };
}

/** The median, so that an odd move spoils nothing; the estimate itself counts as one of them, as long as there are few. */
function correctionFrom(ratios: readonly number[]): number {
  const sorted = [...ratios, 1].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = 1, high = 1] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}
