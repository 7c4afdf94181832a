import { policySchema } from '../../broker/contract/documents.ts';
import type { MessageOf } from '../../broker/contract/topics.ts';
import { decide } from '../follow-user/decide.ts';
import { type Memory, readMemory } from '../follow-user/memory.ts';
import { type FollowUserPolicy, policyName } from '../follow-user/policy.ts';
import type { Verdict } from '../follow-user/verdict.ts';
import { fold, nextChangeMs, passTime } from '../picture/fold.ts';
import type { Observation, Observed } from '../picture/observation.ts';
import { emptyPicture, type SitePicture } from '../picture/sitePicture.ts';
import { synchronise } from '../picture/synchronise.ts';
import { fingerprint, type Outgoing, type Published } from './outgoing.ts';
import { decisionOf, fusedDocuments, policyStateOf, requestOf } from './publications.ts';

/** What the operator said of the policy's parameters. */
export type PolicyInput =
  | { kind: 'policy'; document: MessageOf<'policy'> | undefined }
  | { kind: 'policy-rejected'; error: string };

/** What an earlier run of the controller left in the broker. */
export type Leftover =
  | { kind: 'policy-state'; document: MessageOf<'policyState'> | undefined }
  | { kind: 'fused-container'; name: string; document: MessageOf<'container'> | undefined };

/** All that the controller can read from the broker's store. */
export type Stored = Observed | PolicyInput | Leftover;

/** An input as news to a running controller; undefined for what it published itself. */
export function newsOf(input: Stored, atMs: number, retained: boolean): Observation | PolicyInput | undefined {
  if (input.kind === 'policy' || input.kind === 'policy-rejected') return input;
  return isObserved(input) && input.kind !== 'fused-client' ? { ...input, atMs, retained } : undefined;
}

export interface ControllerState {
  readonly picture: SitePicture;
  readonly policy: FollowUserPolicy;
  /** What is wrong with the policy document; the last good one is in force. */
  readonly policyError?: string | undefined;
  readonly memory: Memory;
  readonly published: Published;
  /** The last verdict on each container, so that only changes are published. */
  readonly said: ReadonlyMap<string, string>;
}

export interface Step {
  state: ControllerState;
  /** To publish, in this order. */
  messages: Outgoing[];
  /** Evaluate again then, if nothing happens before. */
  wakeAtMs?: number;
}

/** Replaceable for tests that break it on purpose. */
export interface Parts {
  fold: typeof fold;
  decide: typeof decide;
}

const realParts: Parts = { fold, decide };

export function initialState(): ControllerState {
  return {
    picture: emptyPicture,
    policy: policySchema.parse({ kind: policyName }),
    memory: new Map(),
    published: new Map(),
    said: new Map(),
  };
}

/** Takes what was heard since the last step, or nothing where only time has passed, and says what to publish. */
export function advance(
  state: ControllerState,
  heard: readonly (Observation | PolicyInput)[],
  nowMs: number,
  parts: Parts = realParts,
): Step {
  let next = state;
  for (const input of heard) next = take(next, input, parts);
  return evaluate({ ...next, picture: passTime(next.picture, nowMs, next.policy) }, nowMs, parts);
}

/**
 * Takes everything that is in the broker's store, at start and after each new connection.
 *
 * The memory of an earlier run is read where this one has none yet. Records of an earlier run that no longer fit are cleared.
 */
export function resume(state: ControllerState, stored: readonly Stored[], nowMs: number, parts = realParts): Step {
  let next: ControllerState = { ...state, published: publishedBefore(stored) };
  const first = state.picture === emptyPicture;
  const saved = stored.find((input) => input.kind === 'policy-state')?.document;
  if (first && saved) next = { ...next, memory: readMemory(saved.memory), policy: saved.policy ?? next.policy };
  const policy = stored.find((input) => input.kind === 'policy' || input.kind === 'policy-rejected');
  next = take(next, policy ?? { kind: 'policy', document: undefined }, parts);
  const observed = stored.filter(isObserved);
  for (const observation of synchronise(next.picture, observed, nowMs)) next = take(next, observation, parts);
  return evaluate(next, nowMs, parts);
}

function isObserved(input: Stored): input is Observed {
  return !['policy', 'policy-rejected', 'policy-state', 'fused-container'].includes(input.kind);
}

function publishedBefore(stored: readonly Stored[]): Published {
  const published = new Map<string, string>();
  for (const input of stored) {
    if (input.kind === 'fused-client' && input.document)
      published.set(`client/${input.mac}`, fingerprint(input.document));
    if (input.kind === 'fused-container' && input.document)
      published.set(`container/${input.name}`, fingerprint(input.document));
    if (input.kind === 'policy-state' && input.document)
      published.set(`policy/${policyName}/state`, fingerprint(input.document));
  }
  return published;
}

function take(state: ControllerState, input: Observation | PolicyInput, parts: Parts): ControllerState {
  if (input.kind === 'policy')
    return { ...state, policy: input.document ?? initialState().policy, policyError: undefined };
  if (input.kind === 'policy-rejected') return { ...state, policyError: input.error };
  return { ...state, picture: parts.fold(state.picture, input, state.policy) };
}

function evaluate(state: ControllerState, nowMs: number, parts: Parts): Step {
  const { picture, policy } = state;
  const decision = parts.decide(picture, policy, state.memory, nowMs);
  const evaluated: ControllerState = { ...state, memory: decision.memory };
  const documents = [...fusedDocuments(picture, nowMs), policyStateOf(evaluated, nowMs)];
  const changes = changed(documents, state.published);
  const fresh = decision.verdicts.filter((verdict) => state.said.get(verdict.container) !== gistOf(verdict));
  // the memory goes out before the request, so that a crash between them does not ask twice
  const messages = [
    ...changes.messages,
    ...fresh.map((verdict) => decisionOf(verdict, nowMs)),
    ...decision.verdicts
      .map((verdict) => requestOf(picture, verdict, nowMs))
      .filter((request) => request !== undefined),
  ];
  const wakes = [decision.wakeAtMs, nextChangeMs(picture, policy)].filter((wakeAtMs) => wakeAtMs !== undefined);
  const said = new Map(decision.verdicts.map((verdict) => [verdict.container, gistOf(verdict)]));
  return {
    state: { ...evaluated, published: changes.published, said },
    messages,
    ...(wakes.length > 0 ? { wakeAtMs: Math.min(...wakes) } : {}),
  };
}

/** What makes a verdict another one: not the time that is left, nor a candidate's load. */
function gistOf(verdict: Verdict): string {
  const { client, from, to, reasons, associatedAt, request } = verdict;
  return JSON.stringify([verdict.verdict, client, from, to, reasons, associatedAt, request]);
}

/** The documents that differ from what stands in the broker, and clearings of those that stand there for nothing. */
function changed(documents: readonly [string, Outgoing][], before: Published) {
  const published = new Map<string, string>();
  const messages: Outgoing[] = [];
  for (const [topic, outgoing] of documents) {
    const text = fingerprint(outgoing.message ?? {});
    published.set(topic, text);
    if (before.get(topic) !== text) messages.push(outgoing);
  }
  for (const topic of before.keys()) {
    if (published.has(topic)) continue;
    const [kind, id = ''] = topic.split('/');
    if (kind === 'client') messages.push({ name: 'client', parameters: { mac: id }, message: undefined });
    if (kind === 'container') messages.push({ name: 'container', parameters: { name: id }, message: undefined });
  }
  return { published, messages };
}
