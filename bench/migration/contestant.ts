import type { NodeName } from './site.ts';

/** What runs in the container, the same for all contestants. */
export interface Workload {
  /** Incompressible memory that it holds. */
  memoryBytes: number;
  rewrittenBytesPerSecond: number;
}

/** What a contestant says of a move that it has made. */
export interface Moved {
  /** How long each part took, in order. */
  phasesMs: Record<string, number>;
  /** What was sent in each part. */
  phasesBytes: Record<string, number>;
  /** From the order until all of it was at the destination, where it did more afterwards. */
  totalMs?: number;
  /** The technique that was used, where the contestant chooses. */
  technique?: string;
  techniqueReason?: string;
  /** From freeze to resume, by its own account. */
  frozenMs?: number;
  /** What that consists of; some of it goes on at the same time. */
  frozenPartsMs?: Record<string, number>;
  /** How often memory was sent ahead. */
  rounds?: number;
  /** In which time memory was sent ahead, in milliseconds since the epoch. */
  ahead?: { fromMs: number; toMs: number };
  savedBytes?: number;
}

/** One move of a contestant's container; a contestant with several makes them one after the other. */
export interface Leg {
  /** Under which the result is listed. */
  readonly name: string;
  /** `cold`, `pre-copy` and others; `auto` where the contestant chooses. */
  readonly technique: string;
  readonly from: NodeName;
  readonly to: NodeName;
  /** How long the container runs before it, in milliseconds. */
  readonly restMs?: number;
  /** Which part of its pages the workload rewrites before it, 0 to 1. */
  readonly changedShare?: number;
  /**
   * What is done before the move is ordered, and not measured.
   *
   * @param limitMs - it gives up after so long
   */
  ready?(limitMs: number): Promise<void>;
  /**
   * Moves it. Resolves when it runs at the destination and can be reached there, and nothing of it is left to be sent.
   *
   * @param limitMs - each command is ended after so long
   */
  move(limitMs: number): Promise<Moved>;
}

/** One way to move a running container from one node to the other. */
export interface Contestant {
  readonly legs: readonly Leg[];
  /**
   * Starts the workload on the node that the first leg leaves.
   *
   * @returns the container's address
   */
  setUp(workload: Workload): Promise<string>;
  /** Removes everything of this run from both nodes, also after a failure at any point. */
  tearDown(): Promise<void>;
}
