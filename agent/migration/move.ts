import type { Log } from '../../broker/connection.ts';
import type { WaitingBatch } from '../../host/batch.ts';
import type { Streaming } from '../../host/command.ts';
import type { Freezer } from '../../host/freezer.ts';
import type { GracePeriods } from '../../host/gracePeriods.ts';
import type { Peers } from '../channel/peers.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { Containers } from '../containers/containers.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import type { KeptState } from '../containers/keptState.ts';
import type { ContainerPlace, ContainerSpec } from '../containers/record.ts';
import type { WaitingCheckpoint } from '../containers/waitingCheckpoint.ts';
import type { Manifest } from '../files/manifest.ts';
import type { Bases } from '../memory/bases.ts';
import type { PageRun } from '../memory/pageStore.ts';
import type { ProcessMemory } from '../memory/processMemory.ts';
import type { Account } from './account.ts';
import type { Doubts } from './doubts.ts';
import type { Experience } from './experience.ts';
import type { FrozenMemory } from './frozenMemory.ts';
import type { MemoryAhead } from './memoryAhead.ts';
import type { PageSupply } from './pageSupply.ts';
import type { Technique } from './plan.ts';
import type { Preparations } from './preparations.ts';

/** What the executors of a migration's steps work with, and what they leave for each other. */
export interface Move {
  readonly id: string;
  readonly spec: ContainerSpec;
  readonly to: string;
  /** The generation at the destination. */
  readonly generation: number;
  readonly place: ContainerPlace;
  /** On a tmpfs: CRIU's images and logs. */
  readonly directory: string;
  readonly freezer: Freezer;
  readonly account: Account;
  /** Fires when the move is cancelled; nobody looks at it after the commit. */
  readonly signal: AbortSignal;
  readonly configuration: AgentConfiguration;
  readonly containers: Containers;
  readonly images: ImageStore;
  readonly peers: Peers;
  readonly log: Log;
  /** Tells listeners that bytes went out. */
  readonly progressed: () => void;
  readonly technique: Technique;
  readonly bases: Bases;
  readonly pageBytes: number;
  /** Whether the destination brings memory in while the container runs there. */
  readonly lazyRestore: boolean;
  /** Whether CRIU can leave memory out of its images here. */
  readonly withoutMemory: boolean;
  /** The pause that is aimed at. */
  readonly downtimeTargetMs: number;
  readonly keptState: KeptState;
  readonly preparations: Preparations;
  readonly experience: Experience;
  /** Those that are served to destinations, by migration; a move adds its own. */
  readonly supplies: Map<string, PageSupply>;
  /** Fires when this agent stops. */
  readonly stopping: AbortSignal;
  readonly gracePeriods: GracePeriods;
  readonly doubts: Doubts;
  memory?: MemoryAhead;
  checkpoint?: WaitingCheckpoint;
  dumping?: Promise<void>;
  lettingGo?: Promise<void>;
  isDumped?: boolean;
  processes?: ProcessMemory[];
  frozenMemory?: FrozenMemory;
  supply?: PageSupply;
  /** All pages of the container, as its images name them. */
  pages?: PageRun[];
  /** What the destination kept of the container's files. */
  theirFiles?: Manifest;
  /** What the destination has of the container's files. */
  staged?: Manifest;
  /** A tar that waits for the names of files that changed meanwhile. */
  archive?: Streaming | undefined;
  /** An `ip` that waits for the word to cut the port. */
  waitingIp?: WaitingBatch;
  frozenAtMs?: number;
  /** The destination was told to commit: from here on only it knows how the move ends. */
  handedOver?: boolean;
  committed?: boolean;
  /** The destination may have said that it runs it: what it said is overtaken by a higher generation. */
  overrules?: boolean;
}

/** What the destination has of the memory. @throws where it is not open yet */
export function memoryOf(move: Move) {
  if (move.memory === undefined) throw new Error('the destination is not open');
  return move.memory;
}

/** @throws where CRIU does not wait yet */
export function checkpointOf(move: Move) {
  if (move.checkpoint === undefined) throw new Error('CRIU is not ready');
  return move.checkpoint;
}

/** Counts bytes that go out for a move. */
export function counting(move: Move): (bytes: number) => void {
  return (bytes) => {
    move.account.sent(bytes);
    move.progressed();
  };
}
