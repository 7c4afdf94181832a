import type { Streaming } from '../../host/command.ts';
import type { MemoryReserve } from '../../host/memoryReserve.ts';
import type { HeldPort } from '../containers/heldPort.ts';
import type { ContainerPlace, ContainerSpec } from '../containers/record.ts';
import type { WaitingRestore } from '../containers/waitingRestore.ts';
import type { Manifest } from '../files/manifest.ts';
import type { Base } from '../memory/bases.ts';
import type { PageRun } from '../memory/pageStore.ts';
import type { WaitingPager } from '../pager/startPager.ts';

export interface Expected {
  migration: string;
  spec: ContainerSpec;
  /** The generation that the container will have here. */
  generation: number;
  from: string;
  /** By which migration it came to where it is now. */
  cameBy?: string | undefined;
}

/** What waits, started, for the container to come. */
export interface Ready {
  archive: Streaming;
  restore: WaitingRestore;
  port: HeldPort;
  /** For the images of pages, and for the processes that read them. */
  reserve: MemoryReserve;
  /** Where memory is brought in while the container runs. */
  pager: WaitingPager | undefined;
}

/** A container on its way to this node. */
export interface Arrival extends Expected {
  place: ContainerPlace;
  /** On a tmpfs. */
  directory: string;
  /** When its source was last heard, by the monotonic clock. */
  heardMs: number;
  /** Fires when it is given up. */
  readonly givenUp: AbortController;
  /** What is being done for it: to be over before it can be given up. */
  readonly underWay: Set<Promise<unknown>>;
  ready?: Ready;
  /** The processes that CRIU's lazy-pages daemon was told to expect. */
  expectedPids?: number[];
  /** Pages that its processes will most likely need at once. */
  likely?: PageRun[];
  /** How its files are here. */
  manifest?: Manifest;
  base?: Base | undefined;
  /** All pages of the container, when its images are there. */
  pages?: PageRun[];
  restored?: boolean;
}
