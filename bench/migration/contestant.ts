/** What a contestant says of a move that it has made. */
export interface Moved {
  /** How long each part took, in order. */
  phasesMs: Record<string, number>;
  /** From the order until it ran at the destination, where it did more afterwards. */
  totalMs?: number;
}

/** One way to move a running container from one node to the other. */
export interface Contestant {
  readonly name: string;
  /** `cold`, later also `pre-copy` and others. */
  readonly technique: string;
  /**
   * Starts the workload on the source.
   *
   * @param memoryBytes - incompressible memory that it holds
   * @returns the container's address
   */
  setUp(memoryBytes: number): Promise<string>;
  /**
   * Moves it. Resolves when it runs at the destination and can be reached there.
   *
   * @param limitMs - each command is ended after so long
   */
  move(limitMs: number): Promise<Moved>;
  /** Removes everything of this run from both nodes, also after a failure at any point. */
  tearDown(): Promise<void>;
}
