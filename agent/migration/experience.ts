import { join } from 'node:path';
import { z } from 'zod';
import { techniqueSchema } from '../../broker/contract/documents.ts';
import { readJson, writeDurably } from '../../host/files.ts';
import type { Technique } from './plan.ts';

const experienceSchema = z.object({
  /** By destination and technique: actual pause divided by the uncorrected estimate, as a running mean. */
  corrections: z.record(z.string(), z.partialRecord(techniqueSchema, z.number().positive())),
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

/** The newest move counts so much. */
const weight = 0.3;
/** One odd move must not spoil all estimates. */
const bounds = { least: 0.3, most: 3 };
const mostContainers = 500;

export async function openExperience(dataDirectory: string): Promise<Experience> {
  const path = join(dataDirectory, 'experience.json');
  const known = (await readJson(path, experienceSchema).catch(() => undefined)) ?? {
    corrections: {},
    dirtyBytesPerSecond: {},
  };
  return {
    correctionsFor: (destination) => known.corrections[destination] ?? {},
    dirtyRateOf: (container) => known.dirtyBytesPerSecond[container],
    async learn(destination, technique, estimateMs, actualMs) {
      const there = known.corrections[destination] ?? {};
      const before = there[technique];
      const now = Math.min(bounds.most, Math.max(bounds.least, actualMs / estimateMs));
      there[technique] = before === undefined ? now : before + weight * (now - before);
      known.corrections[destination] = there;
      await writeDurably(path, JSON.stringify(known));
    },
    noteDirtyRate(container, bytesPerSecond) {
      if (Object.keys(known.dirtyBytesPerSecond).length > mostContainers) known.dirtyBytesPerSecond = {};
      known.dirtyBytesPerSecond[container] = bytesPerSecond;
    },
  };
}
