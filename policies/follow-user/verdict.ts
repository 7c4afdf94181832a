import type { Candidate } from './candidates.ts';

/** What the policy decided about one container, and why. */
export interface Verdict {
  container: string;
  client: string;
  verdict: 'migrate' | 'hold' | 'refuse';
  from: string;
  to?: string;
  /** The first one decided; those after it say more. */
  reasons: string[];
  explanation: string;
  candidates: Candidate[];
  inputs: Record<string, unknown>;
  /** Of a verdict `migrate`: the id of the request. */
  request?: string;
  /** When the client associated, by its access point's clock. */
  associatedAt?: string;
  generation: number;
}

/** What fills a sentence. */
export interface Words {
  container: string;
  client: string;
  from: string;
  to: string;
  waitMs?: number | undefined;
  details?: string | undefined;
}

/** One sentence for people for each first reason of a verdict. */
export const explanations = {
  'client-moved': (w) => `${w.client} is at ${w.to} now, so ${w.container} moves there from ${w.from}.`,
  'in-place': (w) => `${w.container} is on ${w.from}, where ${w.client} is.`,
  'policy-disabled': (w) => `The policy is switched off, so ${w.container} stays on ${w.from}.`,
  'client-unknown': (w) => `${w.client} has not been seen, so ${w.container} stays on ${w.from}.`,
  'client-away': (w) => `${w.client} is at no access point, so ${w.container} stays on ${w.from}.`,
  'client-leaving': (w) => `${w.to} says that ${w.client} left; ${w.container} waits whether it comes back at once.`,
  'generation-conflict': (w) =>
    `Several nodes claim ${w.container} at the same generation (${w.details}): not touched.`,
  'not-running': (w) => `${w.container} is ${w.details}; only running containers move.`,
  'migration-under-way': (w) => `${w.container} is being moved already.`,
  pinned: (w) => `${w.container} is pinned to ${w.from}.`,
  'placed-by-hand': (w) => `${w.container} was moved to ${w.from} by hand; it stays until ${w.client} associates anew.`,
  'source-offline': (w) => `${w.from}, which has ${w.container}, is offline and cannot send it.`,
  'destination-blocked': (w) => `${w.container} cannot move to ${w.to}: ${w.details}.`,
  'dwell-time': (w) =>
    `${w.client} has just come to ${w.to}; ${w.container} moves if it is still there in ${w.waitMs} ms.`,
  'return-dwell-time': (w) =>
    `${w.container} has just left ${w.to}; it goes back if ${w.client} is still there in ${w.waitMs} ms.`,
  cooldown: (w) => `${w.container} has just moved and rests for another ${w.waitMs} ms.`,
  'retry-later': (w) =>
    `The last try to move ${w.container} to ${w.to} failed (${w.details}); again in ${w.waitMs} ms.`,
} as const satisfies Record<string, (words: Words) => string>;

/** The stable words with which a verdict's reasons begin; codes of the error table may follow. */
export type Reason = keyof typeof explanations;
