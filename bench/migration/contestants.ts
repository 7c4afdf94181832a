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

/** What a container goes through in one run, from its start to its end: one move after the other. */
export interface Course {
  /** The names of its legs, under which results are listed, in order. */
  legs: readonly ContestantName[];
  make(ground: Ground): Promise<Contestant>;
}

interface NamedLeg extends OrderedLeg {
  name: ContestantName;
}

function ordered(...legs: readonly NamedLeg[]): Course {
  return { legs: legs.map(({ name }) => name), make: async ({ site, accounts }) => makeTagalong(site, accounts, legs) };
}

/** How long a container runs before it goes back, and after it was said to be prepared. */
const stayMs = 2000;
const preparedMs = 1000;
/** Which part of its pages a container changes, where it changes some before it goes back. */
const changedShare = 0.05;

const there = { technique: 'auto', from: sourceNode } as const;
const auto: NamedLeg = { ...there, name: 'tagalong-auto' };
const back: NamedLeg = { technique: 'auto', from: destinationNode, name: 'tagalong-return', restMs: stayMs };
const prepared: NamedLeg = { ...there, name: 'tagalong-prepared', prepared: true, restMs: preparedMs };
const changed: NamedLeg = { ...there, name: 'tagalong-return-changed', restMs: stayMs, changedShare };

const peers: readonly Course[] = [
  { legs: ['recipe-cold'], make: ({ site, host }) => makeRecipe('cold', site, host) },
  { legs: ['recipe-pre-copy'], make: ({ site, host }) => makeRecipe('pre-copy', site, host) },
  { legs: ['recipe-post-copy'], make: ({ site, host }) => makeRecipe('post-copy', site, host) },
  { legs: ['recipe-hybrid'], make: ({ site, host }) => makeRecipe('hybrid', site, host) },
  { legs: ['podman'], make: ({ site, host }) => makePodman(site, host) },
  { legs: ['floor'], make: ({ site }) => makeFloor(site) },
];

const single: readonly Course[] = [
  ordered({ name: 'tagalong-cold', technique: 'cold', from: sourceNode }),
  ordered({ name: 'tagalong-pre-copy', technique: 'pre-copy', from: sourceNode }),
  ordered({ name: 'tagalong-post-copy', technique: 'post-copy', from: sourceNode }),
  ordered({ name: 'tagalong-hybrid', technique: 'hybrid', from: sourceNode }),
];

export const contestantNames = [
  'tagalong-auto',
  'tagalong-return',
  'tagalong-return-changed',
  'tagalong-prepared',
  'tagalong-cold',
  'tagalong-pre-copy',
  'tagalong-post-copy',
  'tagalong-hybrid',
  'recipe-cold',
  'recipe-pre-copy',
  'recipe-post-copy',
  'recipe-hybrid',
  'podman',
  'floor',
] as const;
export type ContestantName = (typeof contestantNames)[number];

/**
 * The courses that some contestants need, each once, ours first. Going back begins with going there, so one run measures both.
 *
 * @param brief - the preparation too follows these two, so that it finds at the destination what was there before, and sends
 *   little; otherwise it has a course of its own and sends everything
 */
export function coursesOf(wanted: readonly ContestantName[], brief: boolean): Course[] {
  const own = brief ? [ordered(auto, back, prepared, changed)] : [ordered(auto, back, changed), ordered(prepared)];
  return [...own, ...single, ...peers].filter(({ legs }) => legs.some((leg) => wanted.includes(leg)));
}
