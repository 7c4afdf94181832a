import { setTimeout as wait } from 'node:timers/promises';
import type { PageSupply } from './pageSupply.ts';
import type { Settled } from './rules.ts';
import { untilAborted } from './untilAborted.ts';

/**
 * Serves pages until the destination has them all. If the power of the destination was cut, it has nothing of the container any
 * more and says `aborted`; what stands still here is the last state that there is.
 *
 * @param ask - asks the destination how the migration ended; a question without an answer is asked again
 * @param everyMs - so often
 * @throws the signal's reason
 */
export async function servePages(
  supply: Pick<PageSupply, 'begin' | 'released'>,
  ask: () => Promise<Settled>,
  signal: AbortSignal,
  everyMs = 5000,
): Promise<'released' | 'lost there'> {
  supply.begin();
  for (;;) {
    const over = new AbortController();
    const pause = wait(everyMs, undefined, { signal: over.signal }).catch(() => undefined);
    const isReleased = await untilAborted(
      Promise.race([supply.released.then(() => true), pause.then(() => false)]),
      signal,
    ).finally(() => over.abort());
    if (isReleased) return 'released';
    const settled = await untilAborted(ask(), signal).catch(() => {
      signal.throwIfAborted();
      return undefined;
    });
    if (settled === 'aborted') return 'lost there';
  }
}
