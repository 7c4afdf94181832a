import type { Log } from '../../broker/connection.ts';
import type { WaitingBatch } from '../../host/batch.ts';
import type { Streaming } from '../../host/command.ts';
import type { Freezer } from '../../host/freezer.ts';
import type { Peers } from '../channel/peers.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { Containers } from '../containers/containers.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import type { ContainerPlace, ContainerSpec } from '../containers/record.ts';
import type { Manifest } from '../files/manifest.ts';
import type { Account } from './account.ts';

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
  /** What the destination has of the container's files. */
  staged?: Manifest;
  /** A tar that waits for the names of files that changed meanwhile. */
  archive?: Streaming;
  /** An `ip` that waits for the word to cut the port. */
  waitingIp?: WaitingBatch;
  frozenAtMs?: number;
  /** The destination was told to commit: from here on only it knows how the move ends. */
  handedOver?: boolean;
  committed?: boolean;
}
