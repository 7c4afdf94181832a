import type { ExecutionContext } from 'ava';
import { techniqueSchema } from '../../../../../broker/contract/documents.ts';
import { containersAt, leftoversAt } from './leftovers.ts';
import type { TestSite } from './site.ts';

/** By each technique so many moves, in which nothing may get lost. */
export const movesEach = 10;

export const techniques = techniqueSchema.options;
export type Technique = (typeof techniques)[number];

/**
 * Moves the only container of a site to the other node and checks that it is there, whole, and gone from the first one.
 *
 * @returns the node that has it now, and the account of the move
 */
export async function moveOver(t: ExecutionContext, site: TestSite, container: string, technique: Technique) {
  const { node: from, generation } = await site.describe(container);
  const to = from === 'ap1' ? 'ap2' : 'ap1';
  const account = await site.migrate(container, to, { technique });
  t.like(account, { phase: 'completed', from, to, technique, generation: generation + 1 });
  const times = account.phases.map(({ phase, durationMs }) => `${phase} ${Math.round(durationMs ?? 0)}`);
  t.log(
    `${technique} to ${to}: frozen ${Math.round(account.downtimeMs ?? 0)} ms, ${account.sentBytes} bytes (${times.join(', ')})`,
  );
  const [there, left, document] = await Promise.all([
    containersAt(site, to),
    leftoversAt(site, from, container),
    site.describe(container),
  ]);
  t.deepEqual(there, [container]);
  t.deepEqual(left, []);
  t.like(document, { node: to, generation: generation + 1, status: 'running', error: undefined });
  return { node: to, account };
}

/**
 * Moves the only container of a site to and fro by one technique, each move checked as {@link moveOver} does.
 *
 * @param afterMove - checks of the workload itself, told where the container is
 */
export async function moveToAndFro(
  t: ExecutionContext,
  site: TestSite,
  container: string,
  technique: Technique,
  afterMove: (node: string) => Promise<void>,
): Promise<void> {
  for (let move = 1; move <= movesEach; move += 1) {
    const { node } = await moveOver(t, site, container, technique);
    await afterMove(node);
  }
}
