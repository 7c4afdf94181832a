import type { DraftOf } from '../../broker/contract/topics.ts';
import type { Checkpoints } from '../checkpoints/checkpoints.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { Containers } from '../containers/containers.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import type { Doubts } from '../migration/doubts.ts';
import type { NodeFacts } from '../migration/facts.ts';
import type { Outgoing } from '../migration/outgoing.ts';
import type { Preparations } from '../migration/preparations.ts';
import type { Reservations } from './reservations.ts';
import type { SiteView } from './siteView.ts';

/** The parts of this node that requests work with. */
export interface NodeParts {
  configuration: AgentConfiguration;
  containers: Containers;
  images: ImageStore;
  outgoing: Outgoing;
  doubts: Doubts;
  preparations: Preparations;
  /** Has another node forget what it keeps of a container's memory. */
  dropBase(node: string, container: string): Promise<void>;
  /** Forgets what this node itself knows of it, where there will be no more of that container. */
  forgetMemory(container: string): void;
  checkpoints: Checkpoints;
  reservations: Reservations;
  /** What decides whether something can be restored here. */
  facts: () => Promise<NodeFacts>;
  site: SiteView;
  drain: { isOn(): boolean; set(on: boolean): Promise<void> };
  /** The retained document of one container, as published. */
  documentOf(name: string): DraftOf<'nodeContainer'> | undefined;
  /** Resolves when all documents of changes so far are published. */
  published(): Promise<void>;
  describeSelf(): Record<string, unknown>;
}
