import type { Accounts } from './account.ts';
import type { Contestant } from './contestant.ts';
import { makeFloor } from './floor.ts';
import { makePodman } from './podman.ts';
import { makeRecipe } from './recipe.ts';
import { destinationNode, type Site, sourceNode } from './site.ts';
import { makeTagalong, type OrderedLeg } from './tagalong.ts';

/** What contestants are made of. */
export interface Ground {
  site: Site;
  /** The destination for ssh. */
  host: string;
  accounts: Accounts;
}

interface Course {
  /** The names of its legs, under which results are listed, in order. */
  legs: readonly string[];
  make(ground: Ground): Promise<Contestant>;
}

function ordered(...legs: readonly OrderedLeg[]): Course {
  const make: Course['make'] = async ({ site, accounts }) => makeTagalong(site, accounts, legs);
  return { legs: legs.map(({ name }) => name), make };
}

/** How long a container runs before it goes back. */
const stayMs = 2000;
/** Which part of its pages a container changes, where it changes some before it goes back. */
export const changedShare = 0.05;

/** All courses, ours last: what a container goes through in one run. Going back begins with going there, so one run measures both. */
export const courses = [
  { legs: ['recipe-cold'], make: ({ site, host }) => makeRecipe('cold', site, host) },
  { legs: ['recipe-pre-copy'], make: ({ site, host }) => makeRecipe('pre-copy', site, host) },
  { legs: ['recipe-post-copy'], make: ({ site, host }) => makeRecipe('post-copy', site, host) },
  { legs: ['recipe-hybrid'], make: ({ site, host }) => makeRecipe('hybrid', site, host) },
  { legs: ['podman'], make: ({ site, host }) => makePodman(site, host) },
  { legs: ['floor'], make: ({ site }) => makeFloor(site) },
  ordered({ name: 'tagalong-cold', technique: 'cold', from: sourceNode }),
  ordered({ name: 'tagalong-pre-copy', technique: 'pre-copy', from: sourceNode }),
  ordered({ name: 'tagalong-post-copy', technique: 'post-copy', from: sourceNode }),
  ordered({ name: 'tagalong-hybrid', technique: 'hybrid', from: sourceNode }),
  ordered({ name: 'tagalong-prepared', technique: 'auto', from: sourceNode, prepared: true, restMs: 1000 }),
  ordered(
    { name: 'tagalong-auto', technique: 'auto', from: sourceNode },
    { name: 'tagalong-return', technique: 'auto', from: destinationNode, restMs: stayMs },
    { name: 'tagalong-return-changed', technique: 'auto', from: sourceNode, restMs: stayMs, changedShare },
  ),
] as const satisfies readonly Course[];

export const contestantNames = [
  'recipe-cold',
  'recipe-pre-copy',
  'recipe-post-copy',
  'recipe-hybrid',
  'podman',
  'floor',
  'tagalong-cold',
  'tagalong-pre-copy',
  'tagalong-post-copy',
  'tagalong-hybrid',
  'tagalong-prepared',
  'tagalong-auto',
  'tagalong-return',
  'tagalong-return-changed',
] as const;
export type ContestantName = (typeof contestantNames)[number];

/** The courses that some contestants need, each once. */
export function coursesOf(wanted: readonly ContestantName[]): Course[] {
  const names: readonly string[] = wanted;
  return courses.filter(({ legs }) => legs.some((leg) => names.includes(leg)));
}
