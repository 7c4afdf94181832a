/** One move of the demo's container and what brings it about. */
export interface Move {
  /** The station roams, or somebody publishes a request by hand. */
  cause: 'roam' | 'hand';
  from: string;
  to: string;
}

/**
 * The demo's moves: the station roams to the second access point and back, `rounds` times; then the container, and not
 * the station, is sent to the second one by hand.
 */
export function demoMoves(rounds: number, [first, second]: readonly [string, string]): Move[] {
  const pair: Move[] = [
    { cause: 'roam', from: first, to: second },
    { cause: 'roam', from: second, to: first },
  ];
  return [...Array.from({ length: rounds }, () => pair).flat(), { cause: 'hand', from: first, to: second }];
}
