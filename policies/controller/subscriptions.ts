import type { SiteConnection } from '../../broker/connection.ts';
import { topicOf } from '../../broker/contract/address.ts';
import type { TagalongError } from '../../broker/contract/errors.ts';
import { policyName } from '../follow-user/policy.ts';
import type { Observed } from '../picture/observation.ts';
import type { Stored } from './siteController.ts';

/** One message as the controller hears it. */
export interface Heard {
  input: Stored;
  /** The topic, for a document that the broker keeps; undefined for events and answers. */
  document?: string;
  retained: boolean;
}

/**
 * Subscribes to all that the controller must hear.
 *
 * @returns takes the subscriptions back
 */
export async function subscribeToSite(
  connection: SiteConnection,
  hear: (heard: Heard) => void,
): Promise<() => Promise<void>> {
  const document = (topic: string, retained: boolean, input: Stored) => hear({ input, document: topic, retained });
  const event = (input: Observed) => hear({ input, retained: false });
  const policy = { policy: policyName };
  const ends = await Promise.all([
    connection.subscribe('policyState', policy, ({ message, topic, retained }) =>
      document(topic, retained, { kind: 'policy-state', document: message }),
    ),
    connection.subscribe(
      'policy',
      policy,
      ({ message, topic, retained }) => document(topic, retained, { kind: 'policy', document: message }),
      ({ topic, retained, error }) => document(topic, retained, { kind: 'policy-rejected', error: sentence(error) }),
    ),
    // the embedded broker lets no malformed document through, and says so here
    connection.subscribe('audit', {}, ({ message }) => {
      const problem = /^malformed: (.*)$/s.exec(message?.reason ?? '')?.[1];
      if (problem !== undefined && message?.topic === topicOf(connection.site, 'policy', policy))
        hear({ input: { kind: 'policy-rejected', error: problem }, retained: false });
    }),
    connection.subscribe('client', {}, ({ message, parameters: { mac }, topic, retained }) =>
      document(topic, retained, { kind: 'fused-client', mac, document: message }),
    ),
    connection.subscribe('container', {}, ({ message, parameters: { name }, topic, retained }) =>
      document(topic, retained, { kind: 'fused-container', name, document: message }),
    ),
    connection.subscribe('nodeInfo', {}, ({ message, parameters: { node }, topic, retained }) =>
      document(topic, retained, { kind: 'node-info', node, document: message }),
    ),
    connection.subscribe('nodeState', {}, ({ message, parameters: { node }, topic, retained }) =>
      document(topic, retained, { kind: 'node-state', node, document: message }),
    ),
    connection.subscribe('nodeContainer', {}, ({ message, parameters: { node, name }, topic, retained }) =>
      document(topic, retained, { kind: 'node-container', node, name, document: message }),
    ),
    connection.subscribe('nodeClient', {}, ({ message, parameters: { node, mac }, topic, retained }) =>
      document(topic, retained, { kind: 'node-client', node, mac, document: message }),
    ),
    connection.subscribe('nodeMigration', {}, ({ message, parameters: { node, id }, topic, retained }) =>
      document(topic, retained, { kind: 'node-migration', node, id, document: message }),
    ),
    connection.subscribe('nodeTelemetry', {}, ({ message, parameters: { node } }) => {
      if (message) event({ kind: 'node-telemetry', node, document: message });
    }),
    connection.subscribe('nodeClientEvent', {}, ({ message, parameters: { node, mac }, retained }) => {
      if (message && !retained) event({ kind: 'node-client-event', node, mac, document: message });
    }),
    connection.subscribe('nodeMigrationEvent', {}, ({ message, parameters: { node, id }, retained }) => {
      if (message && !retained) event({ kind: 'migration-event', node, id, document: message });
    }),
    connection.subscribe('response', { verb: 'migrate' }, ({ message, retained }) => {
      if (message && !retained) event({ kind: 'response', document: message });
    }),
  ]);
  return async () => {
    await Promise.all(ends.map((end) => end()));
  };
}

function sentence(error: TagalongError): string {
  const { field, problem } = error.details;
  return field === undefined ? error.message : `${String(field)}: ${String(problem)}`;
}
