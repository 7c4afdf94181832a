export type Technique = 'cold' | 'pre-copy' | 'post-copy' | 'hybrid';

/** One thing to do, as data; `agent/migration/executors.ts` holds the function that does it. */
export type Step =
  | { kind: 'open-destination'; phase: 'preparing' }
  | { kind: 'stage-image'; phase: 'preparing'; digest: string }
  | { kind: 'stage-files'; phase: 'copying' }
  | { kind: 'make-ready'; phase: 'copying' }
  | { kind: 'freeze'; phase: 'freezing' }
  | { kind: 'dump'; phase: 'freezing' }
  | { kind: 'switch-over'; phase: 'switching' }
  | { kind: 'commit'; phase: 'restoring' }
  | { kind: 'clean-up'; phase: 'completed' };

export type StepKind = Step['kind'];

/**
 * The steps of a migration, pure. All that can be done before the freeze stands before it; `commit` is the point of no
 * return, and what follows it cannot fail the move. Techniques that send memory ahead put their rounds before `freeze`,
 * those that send it afterwards behind `commit`.
 */
export function planMigration(input: { technique: Technique; imageDigest: string; lacksImage: boolean }): Step[] {
  return [
    { kind: 'open-destination', phase: 'preparing' },
    ...(input.lacksImage ? ([{ kind: 'stage-image', phase: 'preparing', digest: input.imageDigest }] as const) : []),
    { kind: 'stage-files', phase: 'copying' },
    { kind: 'make-ready', phase: 'copying' },
    { kind: 'freeze', phase: 'freezing' },
    { kind: 'dump', phase: 'freezing' },
    { kind: 'switch-over', phase: 'switching' },
    { kind: 'commit', phase: 'restoring' },
    { kind: 'clean-up', phase: 'completed' },
  ];
}

/** Which technique to use and why, pure. */
export function chooseTechnique(asked: 'auto' | Technique | undefined): { technique: Technique; reason: string } {
  if (asked === 'cold') return { technique: 'cold', reason: 'asked for by the request' };
  return { technique: 'cold', reason: 'the only technique of this version' };
}
