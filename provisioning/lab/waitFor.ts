import { setTimeout as delay } from 'node:timers/promises';
import { TagalongError } from '../../broker/contract/errors.ts';

/**
 * Asks again and again until the answer is yes.
 *
 * @param what - ends the sentence "… did not come up"
 * @throws TagalongError `lab-failed` when it takes too long, with what `explain` adds
 */
export async function waitFor(
  lab: string,
  what: string,
  timeoutMs: number,
  isThere: () => Promise<boolean>,
  explain: () => Promise<string> = async () => '',
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isThere())) {
    if (Date.now() > deadline) {
      const said = await explain();
      const problem = `${what} did not come up within ${timeoutMs} ms${said === '' ? '' : `: ${said}`}`;
      throw new TagalongError('lab-failed', { lab, problem });
    }
    await delay(50);
  }
}
