import type { z } from 'zod';
import type { techniqueSchema } from '../../broker/contract/documents.ts';
import type { FrozenShare } from './frozenMemory.ts';

export type Technique = z.output<typeof techniqueSchema>;

/** What makes a technique: whether memory goes ahead, and what of it goes while the container stands still. */
export const techniqueTable: Record<Technique, { rounds: boolean; share: FrozenShare }> = {
  cold: { rounds: false, share: 'all' },
  'pre-copy': { rounds: true, share: 'all' },
  'post-copy': { rounds: false, share: 'none' },
  hybrid: { rounds: true, share: 'hot' },
};

/** Whether pages follow after the commit. */
export const leavesPagesBehind = (technique: Technique): boolean => techniqueTable[technique].share !== 'all';

/** One thing to do, as data; `agent/migration/executors.ts` holds the function that does it. */
export type Step =
  | { kind: 'open-destination'; phase: 'preparing' }
  | { kind: 'stage-image'; phase: 'preparing'; digest: string }
  | { kind: 'stage-files'; phase: 'copying' }
  | { kind: 'send-rounds'; phase: 'copying' }
  | { kind: 'make-ready'; phase: 'copying' }
  | { kind: 'last-rounds'; phase: 'copying' }
  | { kind: 'freeze'; phase: 'freezing' }
  | { kind: 'dump'; phase: 'freezing' }
  | { kind: 'switch-over'; phase: 'switching' }
  | { kind: 'commit'; phase: 'restoring' }
  | { kind: 'serve-pages'; phase: 'lazy' }
  | { kind: 'clean-up'; phase: 'completed' };

export type StepKind = Step['kind'];

/**
 * The steps of a migration, pure. All that can be done before the freeze stands before it; `commit` is the point of no
 * return, and what follows it cannot fail the move. Techniques that send memory ahead have their rounds before the freeze,
 * the last one when all else is ready; those that send it afterwards serve it behind the commit.
 */
export function planMigration(input: { technique: Technique; imageDigest: string; lacksImage: boolean }): Step[] {
  const { technique } = input;
  const { rounds } = techniqueTable[technique];
  return [
    { kind: 'open-destination', phase: 'preparing' },
    ...(input.lacksImage ? ([{ kind: 'stage-image', phase: 'preparing', digest: input.imageDigest }] as const) : []),
    { kind: 'stage-files', phase: 'copying' },
    ...(rounds ? ([{ kind: 'send-rounds', phase: 'copying' }] as const) : []),
    { kind: 'make-ready', phase: 'copying' },
    ...(rounds ? ([{ kind: 'last-rounds', phase: 'copying' }] as const) : []),
    { kind: 'freeze', phase: 'freezing' },
    { kind: 'dump', phase: 'freezing' },
    { kind: 'switch-over', phase: 'switching' },
    { kind: 'commit', phase: 'restoring' },
    ...(leavesPagesBehind(technique) ? ([{ kind: 'serve-pages', phase: 'lazy' }] as const) : []),
    { kind: 'clean-up', phase: 'completed' },
  ];
}
