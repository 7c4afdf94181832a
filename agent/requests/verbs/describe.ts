import { readFile } from 'node:fs/promises';
import type { Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';
import { ownContainer } from './own.ts';

/** Says all about a container, with the last lines of its log if asked, or all about this node. */
export function describeVerb(node: NodeParts): Handlers['describe'] {
  return async ({ container, logLines, moves }) => {
    if (container === undefined) return { result: node.describeSelf() };
    const record = ownContainer(node, container);
    const log =
      logLines === undefined ? {} : { log: await lastLines(node.containers.place(container).logFile, logLines) };
    const migration = node.outgoing.migrationOf(container);
    return {
      result: {
        container: node.documentOf(container),
        spec: record.spec,
        ...(migration === undefined ? {} : { migration }),
        ...log,
        ...(moves ? { moves: await possibleMoves(node, container) } : {}),
      },
    };
  };
}

/** What a move to each node that is there would cost, or what speaks against it. */
async function possibleMoves(node: NodeParts, container: string): Promise<object[]> {
  const others = node.site.answering().filter((other) => other !== node.configuration.node);
  return await Promise.all(
    others.map(async (to) => {
      const { choice, blocked } = await node.outgoing.consider({ container, to });
      if (blocked.length > 0) return { to, blockedReasons: blocked.map((reason) => reason.report()) };
      return { to, technique: choice.technique, techniqueReason: choice.reason, estimate: choice.estimate };
    }),
  );
}

/** A message holds 256 KiB, JSON escapes some bytes as six. */
const maximumLogBytes = 40_000;

async function lastLines(file: string, count: number): Promise<string[]> {
  const text = (await readFile(file).catch(() => Buffer.alloc(0))).subarray(-maximumLogBytes).toString('utf8');
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return count === 0 ? [] : lines.slice(-count);
}
