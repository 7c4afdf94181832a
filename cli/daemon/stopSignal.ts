/**
 * Listens for SIGTERM or SIGINT from now on: to be called before a daemon starts, so that no signal is missed.
 * A second signal ends the process at once, as it would without us.
 *
 * @returns resolves with the first signal
 */
export function stopSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  const hear = (signal: NodeJS.Signals) => {
    process.removeListener('SIGTERM', hear).removeListener('SIGINT', hear);
    resolve(signal);
  };
  process.on('SIGTERM', hear).on('SIGINT', hear);
  return promise;
}
