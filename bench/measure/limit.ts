import { TagalongError } from '../../broker/contract/errors.ts';

/**
 * Waits for something, but not for ever, and not when the benchmark is interrupted.
 *
 * @param what - what is waited for, for the error
 * @throws TagalongError `command-failed` when the time is over; the signal's reason
 */
export async function limited<T>(work: Promise<T>, limitMs: number, what: string, signal: AbortSignal): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const interrupt = () => reject(signal.reason);
  const problem = `no end within ${limitMs} ms`;
  const timer = setTimeout(() => reject(new TagalongError('command-failed', { command: what, problem })), limitMs);
  signal.addEventListener('abort', interrupt, { once: true });
  if (signal.aborted) interrupt();
  work.catch(() => undefined); // it may fail when nobody waits for it any more
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', interrupt);
  }
}
