/**
 * Listens for SIGTERM or SIGINT from now on: to be called before a daemon starts, so that no signal is missed.
 * A second signal ends the process at once, as it would without us.
 *
 * @returns resolves with the first signal
 */
export function stopSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let heard = false;
  const hear = (signal: NodeJS.Signals) => {
    if (!heard) {
      // we go on listening: execa, which ends its programs with us, ends us too where nobody else listens
      heard = true;
      resolve(signal);
      return;
    }
    process.removeListener('SIGTERM', hear).removeListener('SIGINT', hear);
    process.kill(process.pid, signal);
  };
  process.on('SIGTERM', hear).on('SIGINT', hear);
  return promise;
}
