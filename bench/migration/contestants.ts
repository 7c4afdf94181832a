import type { Contestant } from './contestant.ts';
import { makePodman } from './podman.ts';
import { makeRecipe } from './recipe.ts';
import type { Site } from './site.ts';
import { makeTagalong } from './tagalong.ts';

interface Entry {
  technique: string;
  /** @param host - the destination for ssh */
  make(site: Site, host: string): Promise<Contestant>;
}

/** All contestants by name, ours first. */
export const contestantTable = {
  'tagalong-cold': { technique: 'cold', make: (site) => makeTagalong(site) },
  'recipe-cold': { technique: 'cold', make: makeRecipe },
  podman: { technique: 'cold', make: makePodman },
} as const satisfies Record<string, Entry>;

export type ContestantName = keyof typeof contestantTable;
export const contestantNames = Object.keys(contestantTable) as ContestantName[];
/** All others are compared with this one. */
export const ownName: ContestantName = 'tagalong-cold';
