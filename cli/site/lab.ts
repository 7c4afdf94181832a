import { brokerOf } from '../../provisioning/lab/online.ts';
import { findState, labNames, readState } from '../../provisioning/lab/state.ts';
import type { SiteAccess } from './options.ts';

/**
 * How to reach the broker of a lab as its operator: the named one, or the only one that is up.
 *
 * @returns undefined where none is named and not exactly one is up
 * @throws TagalongError `lab-down` where the named one is not up
 */
export async function findLab(name: string | undefined): Promise<SiteAccess | undefined> {
  if (name !== undefined) return brokerOf(await readState(name), 'operator');
  const states = await Promise.all((await labNames()).map((lab) => findState(lab)));
  const [only, ...others] = states.filter((state) => state?.phase === 'up');
  return only === undefined || others.length > 0 ? undefined : brokerOf(only, 'operator');
}
