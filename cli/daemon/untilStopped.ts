import type { Logger } from '../../host/log.ts';

/**
 * Waits for SIGTERM or SIGINT, then stops a daemon. A second signal ends the process at once, as it would without us.
 *
 * @param stop - ends the daemon in order
 */
export async function untilStopped(log: Logger, stop: () => Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  process.once('SIGTERM', resolve);
  process.once('SIGINT', resolve);
  const signal = await promise;
  process.removeListener('SIGTERM', resolve);
  process.removeListener('SIGINT', resolve);
  log.info({ signal }, 'stopping');
  await stop();
}
