import { readFile } from 'node:fs/promises';
import type { Handlers } from '../dispatch.ts';
import type { NodeParts } from '../node.ts';
import { ownContainer } from './own.ts';

/** Says all about a container, with the last lines of its log if asked, or all about this node. */
export function describeVerb(node: NodeParts): Handlers['describe'] {
  return async ({ container, logLines }) => {
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
      },
    };
  };
}

/** A message holds 256 KiB, JSON escapes some bytes as six. */
const maximumLogBytes = 40_000;

async function lastLines(file: string, count: number): Promise<string[]> {
  const text = (await readFile(file).catch(() => Buffer.alloc(0))).subarray(-maximumLogBytes).toString('utf8');
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return count === 0 ? [] : lines.slice(-count);
}
