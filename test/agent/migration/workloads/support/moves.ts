import type { ExecutionContext } from 'ava';
import { containersAt, leftoversAt } from './leftovers.ts';
import type { TestSite } from './site.ts';

/** The number of moves that nothing may get lost in. */
export const moveCount = 5;

const nodes = ['ap1', 'ap2'] as const;

/**
 * Moves the only container of a site to and fro and checks after each move that it is at one node, whole, and gone from
 * the other.
 *
 * @param afterMove - checks of the workload itself, told how many moves there were and where the container is
 * @returns the node that has it at the end
 */
export async function moveToAndFro(
  t: ExecutionContext,
  site: TestSite,
  container: string,
  afterMove: (move: number, node: string) => Promise<void> = async () => undefined,
): Promise<string> {
  const { generation: first } = await site.describe(container);
  let [here, there] = nodes as readonly [string, string];
  for (let move = 1; move <= moveCount; move += 1) {
    const account = await site.migrate(container, there);
    t.like(account, { phase: 'completed', from: here, to: there, generation: first + move }, `move ${move}`);
    const times = account.phases.map(({ phase, durationMs }) => `${phase} ${Math.round(durationMs ?? 0)}`);
    t.log(`move ${move}: frozen ${Math.round(account.downtimeMs ?? 0)} ms (${times.join(', ')})`);
    [here, there] = [there, here];
    t.deepEqual(await containersAt(site, here), [container]);
    t.deepEqual(await leftoversAt(site, there, container), []);
    t.like(await site.describe(container), { node: here, generation: first + move, status: 'running' });
    await afterMove(move, here);
  }
  return here;
}
