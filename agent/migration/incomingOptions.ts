import type { Log } from '../../broker/connection.ts';
import type { GracePeriods } from '../../host/gracePeriods.ts';
import type { Endpoint } from '../channel/peers.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { Containers } from '../containers/containers.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import type { KeptState } from '../containers/keptState.ts';
import type { HoldMethod } from '../containers/packetHold.ts';
import type { Bases } from '../memory/bases.ts';
import type { Outcomes } from './outcomes.ts';
import type { Settling } from './settling.ts';

/** What this node is as the destination of migrations. */
export interface IncomingOptions {
  configuration: AgentConfiguration;
  containers: Containers;
  images: ImageStore;
  bases: Bases;
  outcomes: Outcomes;
  settling: Settling;
  keptState: KeptState;
  gracePeriods: GracePeriods;
  /** How packets can be kept here, if they can. */
  packetHold: HoldMethod | undefined;
  pageBytes: number;
  endpointOf: (node: string) => Endpoint | undefined;
  log: Log;
}
