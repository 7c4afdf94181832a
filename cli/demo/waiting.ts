import { TagalongError } from '../../broker/contract/errors.ts';

/** Thrown when the demo is interrupted; nothing went wrong. */
export class Interrupted extends Error {
  constructor() {
    super('interrupted');
    this.name = 'Interrupted';
  }
}

/**
 * Waits for something, but not for ever, and not when the demo is interrupted.
 *
 * @param what - what is waited for, as the rest of a sentence: "… did not come within"
 * @throws TagalongError `demo-failed` when the time is over; Interrupted
 */
export async function within<T>(promise: Promise<T>, waitMs: number, what: string, signal: AbortSignal): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const interrupt = () => reject(new Interrupted());
  const timer = setTimeout(
    () => reject(new TagalongError('demo-failed', { problem: `${what} did not come within ${waitMs / 1000} s` })),
    waitMs,
  );
  signal.addEventListener('abort', interrupt, { once: true });
  if (signal.aborted) interrupt();
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', interrupt);
  }
}
