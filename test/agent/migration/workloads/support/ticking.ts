import type { ExecutionContext } from 'ava';

/** For a container's shell: prints a numbered line now and then, beside the program proper. */
export const ticking = 'n=0; while :; do n=$((n+1)); echo "tick $n"; sleep 0.02; done &';

/** The numbers in a log. */
export function ticksOf(log: readonly string[]): number[] {
  return log.flatMap((line) => {
    const number = /^tick (\d+)$/.exec(line)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

/** Fails where numbers are missing, doubled or out of order, counting from the first that is there. */
export function assertUnbroken(t: ExecutionContext, numbers: readonly number[], what: string): void {
  const first = numbers[0] ?? 0;
  const breaks = numbers.flatMap((number, index) =>
    number === first + index ? [] : [`${number} after ${numbers[index - 1]}`],
  );
  t.true(numbers.length > 0, `${what}: nothing`);
  t.deepEqual(breaks.slice(0, 3), [], what);
}
