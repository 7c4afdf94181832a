import type { MessageOf } from '../../broker/contract/topics.ts';

/** What one message of the site said; `document` is undefined where a retained document was cleared. */
export type Observed =
  | { kind: 'node-state'; node: string; document: MessageOf<'nodeState'> | undefined }
  | { kind: 'node-info'; node: string; document: MessageOf<'nodeInfo'> | undefined }
  | { kind: 'node-telemetry'; node: string; document: MessageOf<'nodeTelemetry'> }
  | { kind: 'node-client'; node: string; mac: string; document: MessageOf<'nodeClient'> | undefined }
  | { kind: 'node-client-event'; node: string; mac: string; document: MessageOf<'nodeClientEvent'> }
  | { kind: 'node-container'; node: string; name: string; document: MessageOf<'nodeContainer'> | undefined }
  | { kind: 'node-migration'; node: string; id: string; document: MessageOf<'nodeMigration'> | undefined }
  | { kind: 'migration-event'; node: string; id: string; document: MessageOf<'nodeMigrationEvent'> }
  | { kind: 'response'; document: MessageOf<'response'> }
  /** What an earlier run of the controller knew of a client: its memory, never news. */
  | { kind: 'fused-client'; mac: string; document: MessageOf<'client'> | undefined }
  /** All retained documents have been read. */
  | { kind: 'synchronised' };

/** One observation, with the moment when this machine received it. */
export type Observation = Observed & {
  /** By the controller's clock, Unix time. */
  atMs: number;
  /** Read from the broker's store, not heard as it happened. */
  retained: boolean;
};

export type ObservationOf<K extends Observed['kind']> = Extract<Observed, { kind: K }> &
  Pick<Observation, 'atMs' | 'retained'>;
