import { TagalongError } from '../../broker/contract/errors.ts';
import { idSchema } from '../../broker/contract/ids.ts';

/** @throws TagalongError `not-root` */
export function requireRoot(purpose: string): void {
  if (process.getuid?.() !== 0) throw new TagalongError('not-root', { purpose });
}

/**
 * A lab's name becomes a part of paths.
 * @throws TagalongError `lab-failed`
 */
export function checkName(lab: string): void {
  const problem = idSchema.safeParse(lab).error?.issues[0]?.message;
  if (problem !== undefined) throw new TagalongError('lab-failed', { lab, problem: `the name ${problem}` });
}
