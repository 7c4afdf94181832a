import { policyName, requestLifetimeMs } from '../follow-user/policy.ts';
import type { Verdict } from '../follow-user/verdict.ts';
import { fuseClient, fuseContainer } from '../picture/fuse.ts';
import type { SitePicture } from '../picture/sitePicture.ts';
import type { Outgoing } from './outgoing.ts';
import type { ControllerState } from './siteController.ts';

function instant(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** The fused records of all clients and containers, by the end of their topics. */
export function fusedDocuments(picture: SitePicture, nowMs: number): [string, Outgoing][] {
  const documents: [string, Outgoing][] = [];
  for (const client of picture.clients.values()) {
    const { mac } = client;
    const message = fuseClient(picture, client);
    if (message) documents.push([`client/${mac}`, { name: 'client', parameters: { mac }, message }]);
  }
  for (const container of picture.containers.values()) {
    const { name } = container;
    const message = fuseContainer(container, nowMs);
    documents.push([`container/${name}`, { name: 'container', parameters: { name }, message }]);
  }
  return documents;
}

/** `policy/follow-user/state`, with the memory that outlives the controller. */
export function policyStateOf(state: ControllerState, nowMs: number): [string, Outgoing] {
  const cooldowns: Record<string, string> = {};
  for (const [name, { cooldownUntilMs }] of state.memory)
    if (cooldownUntilMs !== undefined && cooldownUntilMs > nowMs) cooldowns[name] = instant(cooldownUntilMs);
  const message = {
    loaded: state.policyError === undefined,
    at: instant(nowMs),
    ...(state.policyError === undefined ? {} : { error: state.policyError }),
    policy: state.policy,
    cooldowns,
    memory: Object.fromEntries(state.memory),
  };
  return [`policy/${policyName}/state`, { name: 'policyState', parameters: { policy: policyName }, message }];
}

/** A verdict as it is published. */
export function decisionOf(verdict: Verdict, nowMs: number): Outgoing {
  const { container, client, from, to, reasons, explanation, candidates, inputs, request } = verdict;
  return {
    name: 'decision',
    parameters: {},
    message: {
      id: `decision-${container}-${nowMs.toString(36)}`,
      at: instant(nowMs),
      policy: policyName,
      container,
      client,
      verdict: verdict.verdict,
      from,
      ...(to === undefined ? {} : { to }),
      reasons,
      explanation,
      candidates,
      inputs,
      ...(request === undefined ? {} : { migration: request }),
    },
  };
}

/** Clocks that differ by less are taken to agree: a message on its way makes as much. */
const agreeingMs = 1000;

/** The request that obeys a verdict, if it asks for one. It expires by the clock of the node that is to obey. */
export function requestOf(picture: SitePicture, verdict: Verdict, nowMs: number): Outgoing | undefined {
  const { request: id, container, to, reasons, client, associatedAt, generation } = verdict;
  if (id === undefined || to === undefined) return undefined;
  const offsetMs = picture.nodes.get(verdict.from)?.clockOffsetMs ?? 0;
  const nodeNowMs = Math.abs(offsetMs) < agreeingMs ? nowMs : nowMs - offsetMs;
  return {
    name: 'requestMigrate',
    parameters: {},
    message: {
      id,
      container,
      to,
      expiresAt: instant(nodeNowMs + requestLifetimeMs),
      ifGeneration: generation,
      trigger: 'follow-user',
      reasons,
      client,
      ...(associatedAt === undefined ? {} : { associatedAt }),
    },
  };
}
