import { randomUUID } from 'node:crypto';
import { reportOf } from '../../../broker/contract/errors.ts';
import type { Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';
import { move } from './migrate.ts';

/** Takes no containers any more, and moves those that are here to other nodes, one after the other. */
export function drainVerb(node: NodeParts): Handlers['drain'] {
  return async ({ dryRun }) => {
    const containers = node.containers.list().map(({ spec }) => spec.name);
    if (dryRun) return { result: { node: node.configuration.node, containers } };
    await node.drain.set(true);
    return { result: { node: node.configuration.node, containers }, later: evacuate(node, containers) };
  };
}

/** Takes containers again. */
export function undrainVerb(node: NodeParts): Handlers['undrain'] {
  return async ({ dryRun }) => {
    if (!dryRun) await node.drain.set(false);
    return { result: { node: node.configuration.node } };
  };
}

async function evacuate(node: NodeParts, names: readonly string[]): Promise<Record<string, unknown>> {
  const moved: { container: string; to: string }[] = [];
  const left: { container: string; reasons: object[] }[] = [];
  for (const container of names) {
    const reasons: object[] = [];
    let to: string | undefined;
    for (const candidate of candidates(node)) {
      try {
        const { later } = await move(node, {
          id: randomUUID(),
          container,
          to: candidate,
          trigger: 'drain',
          reasons: ['node-draining'],
        });
        await later;
        to = candidate;
        break;
      } catch (error) {
        reasons.push({ node: candidate, ...reportOf(error) });
      }
    }
    if (to === undefined) left.push({ container, reasons });
    else moved.push({ container, to });
  }
  return { node: node.configuration.node, moved, left };
}

/** Nodes that may take containers, those with the fewest first. */
function candidates(node: NodeParts): string[] {
  const { site, configuration } = node;
  const count = (name: string) => [...site.containers().values()].filter((place) => place.node === name).length;
  return site
    .answering()
    .filter((name) => name !== configuration.node && site.statusOf(name) === 'online')
    .sort((a, b) => count(a) - count(b) || a.localeCompare(b));
}
