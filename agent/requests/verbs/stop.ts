import type { Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';
import { idleContainer } from './own.ts';

const patienceMs = 10_000;

/** Stops a container and removes it, its files and its managed volumes. */
export function stopVerb(node: NodeParts): Handlers['stop'] {
  return async ({ container, timeoutMs, dryRun }) => {
    const record = idleContainer(node, container);
    const result = { container, generation: record.generation };
    if (dryRun) return { result };
    const stopped = node.containers.stop(container, timeoutMs ?? patienceMs);
    return { result, later: stopped.then(() => node.forgetMemory(container)).then(() => result) };
  };
}
