import { TagalongError } from '../../../broker/contract/errors.ts';
import { BlockedError, type Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';
import { checkMove } from './migrate.ts';
import { ownContainer } from './own.ts';

/** Keeps a node warm for a container of this node; done when what it has is as it was here a moment ago. */
export function prepareVerb(node: NodeParts): Handlers['prepare'] {
  return async ({ container, to, rateBytesPerSecond, dryRun }) => {
    checkMove(node, { container, to, force: true });
    const { blocked, choice, answer } = await node.outgoing.consider({ container, to });
    const [first, ...others] = blocked;
    if (first !== undefined) throw new BlockedError([first, ...others]);
    if (answer === undefined) throw new TagalongError('bug', { problem: 'an offer without an answer' });
    const { technique, estimate } = choice;
    if (dryRun) return { result: { container, to, technique, estimate } };
    // both nodes keep one state of a container's memory, so only one destination can be kept warm
    await node.preparations.stop(container);
    checkMove(node, { container, to, force: true }); // a move may have begun meanwhile: it has that state now
    const preparation = node.preparations.start(container, to, answer, rateBytesPerSecond);
    const later = preparation.first.then(async () => {
      await node.published();
      return { container, to, baseBytes: preparation.baseBytes };
    });
    return { result: { container, to }, later };
  };
}

/** Drops what a preparation keeps. */
export function unprepareVerb(node: NodeParts): Handlers['unprepare'] {
  return async ({ container, to, dryRun }) => {
    ownContainer(node, container);
    const there = node.preparations.of(container).filter((one) => to === undefined || one.to === to);
    if (there.length === 0) throw new TagalongError('not-prepared', { container });
    if (!dryRun) {
      await node.preparations.stop(container, to);
      await Promise.all(there.map((one) => node.dropBase(one.to, container)));
      await node.published();
    }
    return { result: { container, nodes: there.map((one) => one.to) } };
  };
}
