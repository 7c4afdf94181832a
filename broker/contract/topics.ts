import { z } from 'zod';
import {
  auditSchema,
  clientEventSchema,
  decisionSchema,
  fusedClientSchema,
  fusedContainerSchema,
  migrationSchema,
  nodeClientSchema,
  nodeContainerSchema,
  nodeInfoSchema,
  nodeStateSchema,
  policySchema,
  policyStateSchema,
  telemetrySchema,
} from './documents.ts';
import { idSchema, macSchema, requestIdSchema } from './ids.ts';
import { requestSchemas, responseSchema, type Verb, verbs } from './requests.ts';

/** Who connects to the broker. A node's name is its user name and its id. */
export const roles = ['node', 'controller', 'operator', 'viewer'] as const;
export type Role = (typeof roles)[number];

export interface TopicRow {
  /** Levels under `tagalong/v1/{site}/`; `{name}` is a parameter. */
  pattern: string;
  /** The one writer. `node` as writer of a pattern that begins with `node/{node}/` means that very node alone. */
  writers: readonly Role[] | readonly ['broker'];
  /** Who may hear it; a node moreover hears all that is under its own `node/{node}/`. */
  readers: readonly Role[];
  qos: 0 | 1;
  retain: boolean;
  schema: z.ZodType;
  about: string;
}

function request<V extends Verb>(verb: V) {
  return {
    pattern: `request/${verb}` as const,
    writers: ['operator', 'controller'],
    readers: ['node', 'controller', 'operator'],
    qos: 1,
    retain: false,
    schema: requestSchemas[verb],
    about: `Asks for \`${verb}\`; obeyed by the node that owns what is named.`,
  } as const;
}

/**
 * The MQTT contract: every topic, its writer, quality of service, retain flag and schema.
 *
 * Publishing, subscribing, checking, the access control lists, the AsyncAPI document and the reference in the docs all
 * derive from this table. Retained documents are the truth; events are hints; nothing that makes anyone act is retained.
 */
export const topicTable = {
  nodeState: {
    pattern: 'node/{node}/state',
    writers: ['node'],
    readers: ['node', 'controller', 'operator', 'viewer'],
    qos: 1,
    retain: true,
    schema: nodeStateSchema,
    about:
      'Whether the agent is there: online, draining or offline. The last will says offline. Published last at start.',
  },
  nodeInfo: {
    pattern: 'node/{node}/info',
    writers: ['node'],
    readers: ['node', 'controller', 'operator', 'viewer'],
    qos: 1,
    retain: true,
    schema: nodeInfoSchema,
    about: 'Birth certificate: versions, processor, cgroup mode, probed capabilities, data-plane endpoint, radios.',
  },
  nodeTelemetry: {
    pattern: 'node/{node}/telemetry',
    writers: ['node'],
    readers: ['controller', 'operator', 'viewer'],
    qos: 0,
    retain: false,
    schema: telemetrySchema,
    about: 'Processor, memory, disk, temperature, load, links to peers, signal of each station.',
  },
  nodeClient: {
    pattern: 'node/{node}/client/{mac}',
    writers: ['node'],
    readers: ['controller', 'operator', 'viewer'],
    qos: 1,
    retain: true,
    schema: nodeClientSchema,
    about: 'A client associated with this access point; cleared when it is gone.',
  },
  nodeClientEvent: {
    pattern: 'node/{node}/client/{mac}/event',
    writers: ['node'],
    readers: ['controller', 'operator', 'viewer'],
    qos: 1,
    retain: false,
    schema: clientEventSchema,
    about: 'A client came or went, as hostapd said it.',
  },
  nodeContainer: {
    pattern: 'node/{node}/container/{name}',
    writers: ['node'],
    readers: ['node', 'controller', 'operator', 'viewer'],
    qos: 1,
    retain: true,
    schema: nodeContainerSchema,
    about: 'A container on this node: status, generation, address, whom it follows; cleared when it is gone.',
  },
  nodeMigration: {
    pattern: 'node/{node}/migration/{id}',
    writers: ['node'],
    readers: ['node', 'controller', 'operator', 'viewer'],
    qos: 1,
    retain: true,
    schema: migrationSchema,
    about: 'A migration under way, published by its source; cleared when it has ended.',
  },
  nodeMigrationEvent: {
    pattern: 'node/{node}/migration/{id}/event',
    writers: ['node'],
    readers: ['controller', 'operator', 'viewer'],
    qos: 1,
    retain: false,
    schema: migrationSchema,
    about: 'A change of phase or progress of a migration; the last one is its whole account.',
  },
  client: {
    pattern: 'client/{mac}',
    writers: ['controller'],
    readers: ['node', 'controller', 'operator', 'viewer'],
    qos: 1,
    retain: true,
    schema: fusedClientSchema,
    about: 'One record for each client: where it is now, with late disconnects of other access points ignored.',
  },
  container: {
    pattern: 'container/{name}',
    writers: ['controller'],
    readers: ['node', 'controller', 'operator', 'viewer'],
    qos: 1,
    retain: true,
    schema: fusedContainerSchema,
    about: 'One record for each container: the highest generation seen.',
  },
  decision: {
    pattern: 'decision',
    writers: ['controller'],
    readers: ['controller', 'operator', 'viewer'],
    qos: 1,
    retain: false,
    schema: decisionSchema,
    about: 'Every verdict of a policy, holds included, with reasons, candidates and inputs.',
  },
  policy: {
    pattern: 'policy/{policy}',
    writers: ['operator'],
    readers: ['controller', 'operator', 'viewer'],
    qos: 1,
    retain: true,
    schema: policySchema,
    about: 'The parameters of a policy; an empty payload takes it back to the defaults.',
  },
  policyState: {
    pattern: 'policy/{policy}/state',
    writers: ['controller'],
    readers: ['controller', 'operator', 'viewer'],
    qos: 1,
    retain: true,
    schema: policyStateSchema,
    about: 'Whether the policy document was accepted, and which containers are cooling down.',
  },
  requestRun: request('run'),
  requestStop: request('stop'),
  requestMigrate: request('migrate'),
  requestCancel: request('cancel'),
  requestPrepare: request('prepare'),
  requestUnprepare: request('unprepare'),
  requestResolve: request('resolve'),
  requestCheckpoint: request('checkpoint'),
  requestRestore: request('restore'),
  requestPin: request('pin'),
  requestUnpin: request('unpin'),
  requestDrain: request('drain'),
  requestUndrain: request('undrain'),
  requestDescribe: request('describe'),
  response: {
    pattern: 'response/{verb}/{id}',
    writers: ['node'],
    readers: ['controller', 'operator', 'viewer'],
    qos: 1,
    retain: false,
    schema: responseSchema,
    about: 'The answer of the node that obeys: accepted or rejected at once, done or failed later.',
  },
  audit: {
    pattern: 'audit/{user}',
    writers: ['broker'],
    readers: ['controller', 'operator'],
    qos: 0,
    retain: false,
    schema: auditSchema,
    about: 'What the broker did not let a client publish or subscribe to.',
  },
} as const satisfies Record<string, TopicRow>;

export type TopicName = keyof typeof topicTable;
export const topicNames = Object.keys(topicTable) as TopicName[];

type ParameterNames<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterNames<Rest>
  : never;
/** The parameters of a topic's pattern, by name. */
export type ParametersOf<T extends TopicName> = { [K in ParameterNames<(typeof topicTable)[T]['pattern']>]: string };
/** A message of the topic, as read: defaults filled in. */
export type MessageOf<T extends TopicName> = z.output<(typeof topicTable)[T]['schema']>;
/** A message of the topic, as written. */
export type DraftOf<T extends TopicName> = z.input<(typeof topicTable)[T]['schema']>;

/** How each parameter of a pattern must look. */
export const parameterSchemas: Record<string, z.ZodType<string>> = {
  node: idSchema,
  name: idSchema,
  policy: idSchema,
  mac: macSchema,
  id: requestIdSchema,
  verb: z.enum(verbs as [Verb, ...Verb[]]),
  user: z.string().regex(/^[^+#/$\p{Cc}]{1,128}$/u),
};

/** The request topic of a verb, e.g. `requestMigrate` for `migrate`. */
export function requestTopicOf(verb: Verb): `request${Capitalize<Verb>}` {
  return `request${verb.charAt(0).toUpperCase()}${verb.slice(1)}` as `request${Capitalize<Verb>}`;
}
