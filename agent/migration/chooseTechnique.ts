import type { Technique } from './plan.ts';

/** Which technique to use and why, pure. */
export function chooseTechnique(asked: 'auto' | Technique | undefined): { technique: Technique; reason: string } {
  if (asked === undefined || asked === 'auto') return { technique: 'hybrid', reason: 'the default' };
  return { technique: asked, reason: 'asked for by the request' };
}
