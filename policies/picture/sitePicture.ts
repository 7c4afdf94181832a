import type { MessageOf } from '../../broker/contract/topics.ts';

export interface NodePicture {
  readonly node: string;
  /** The last state that was believed. */
  readonly state?: MessageOf<'nodeState'> | undefined;
  readonly info?: MessageOf<'nodeInfo'> | undefined;
  readonly telemetry?: MessageOf<'nodeTelemetry'> | undefined;
  /** Session of the last birth: of the newest birth certificate or online state. A will of another session is late. */
  readonly birthSession?: string | undefined;
  /** When the present session first said that it is online, by the node's clock. Older associations were read, not heard. */
  readonly onlineAtMs?: number | undefined;
  /** Least seen of (received - stamped): what to add to a stamp of this node to get the controller's time. */
  readonly clockOffsetMs?: number | undefined;
}

/** What one access point says of one client. */
export interface AssociationView {
  readonly node: string;
  readonly session: string;
  readonly since: string;
  readonly sinceMs: number;
  /** The document is there. */
  readonly present: boolean;
  /** When this stamp was first received, by the controller's clock. */
  readonly stampedAtMs: number;
  /** It was believed as a fresh association once; it is never one again. */
  readonly counted: boolean;
  /** The client was seen to arrive elsewhere after this stamp: a stale entry, never a place again. */
  readonly superseded: boolean;
  readonly document?: MessageOf<'nodeClient'> | undefined;
}

/** Where a client is believed to be. */
export interface Place {
  readonly node: string;
  /** The access point's stamp of this association, as it was first heard. */
  readonly since: string;
  readonly sinceMs: number;
  /** When the controller learned of it, by its own clock. */
  readonly arrivedAtMs: number;
  /** The access point said that the client went; not believed until the debounce time is over. */
  readonly leftAtMs?: number | undefined;
  /** False while it comes from the first reading of retained documents and may yet be corrected by another of them. */
  readonly settled: boolean;
}

export interface ClientPicture {
  readonly mac: string;
  readonly place?: Place | undefined;
  /** The access point before the present one. */
  readonly previous?: string | undefined;
  readonly departed?: { readonly node: string; readonly atMs: number } | undefined;
  readonly views: ReadonlyMap<string, AssociationView>;
  /** Live association events whose document has not been counted yet, by node. */
  readonly announced: ReadonlyMap<string, { session: string; sequence: number; atMs: number }>;
}

export interface ContainerPicture {
  readonly name: string;
  readonly documents: ReadonlyMap<string, MessageOf<'nodeContainer'>>;
  /** The document with the highest generation. */
  readonly document: MessageOf<'nodeContainer'>;
  /** Nodes that claim the container at the same, highest, generation; empty where all is well. */
  readonly conflict: readonly string[];
}

export interface MigrationPicture {
  readonly document: MessageOf<'nodeMigration'>;
  readonly source: string;
  readonly endedAtMs?: number | undefined;
  /** `unknown`: the document was cleared and its last event was missed. */
  readonly outcome?: 'completed' | 'failed' | 'cancelled' | 'unknown' | undefined;
}

export interface AnswerPicture {
  readonly response: MessageOf<'response'>;
  readonly atMs: number;
}

/** The whole site as the controller sees it. Never changed in place: the fold makes a new one. */
export interface SitePicture {
  readonly nodes: ReadonlyMap<string, NodePicture>;
  readonly clients: ReadonlyMap<string, ClientPicture>;
  readonly containers: ReadonlyMap<string, ContainerPicture>;
  readonly migrations: ReadonlyMap<string, MigrationPicture>;
  /** Answers to migrate requests, by request id. */
  readonly answers: ReadonlyMap<string, AnswerPicture>;
}

export const emptyPicture: SitePicture = {
  nodes: new Map(),
  clients: new Map(),
  containers: new Map(),
  migrations: new Map(),
  answers: new Map(),
};

/** A copy of a map with one entry set, or removed where the value is undefined. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V | undefined): ReadonlyMap<K, V> {
  const copy = new Map(map);
  if (value === undefined) copy.delete(key);
  else copy.set(key, value);
  return copy;
}

/** A stamp of a node as the controller's time, as well as the clocks are known. */
export function adjustedMs(picture: SitePicture, node: string, stampMs: number): number {
  return stampMs + (picture.nodes.get(node)?.clockOffsetMs ?? 0);
}

/** Whether the agent of a node is there, draining or not. */
export function isReachable(node: NodePicture | undefined): boolean {
  return node?.state !== undefined && node.state.status !== 'offline';
}
