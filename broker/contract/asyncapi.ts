import { z } from 'zod';
import { contractVersion, rootOf } from './address.ts';
import { type TopicName, type TopicRow, topicNames, topicTable } from './topics.ts';

const parameterDescriptions: Record<string, string> = {
  node: 'Id of a node; it is also the user name and the client id of its agent.',
  name: 'Name of a container.',
  policy: 'Name of a policy.',
  mac: 'MAC address, lower case, with hyphens.',
  id: 'Id of a migration or a request.',
  verb: 'Verb of the request that is answered.',
  user: 'User name of the client that was refused.',
};

function parametersOf(row: TopicRow): Record<string, { description: string }> {
  const names = [...row.pattern.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? '');
  return Object.fromEntries(names.map((name) => [name, { description: parameterDescriptions[name] ?? name }]));
}

/** JSON Schema of a message as it is written: defaults may be left out, MAC addresses may be in any spelling. */
function payloadSchema(row: TopicRow): unknown {
  const { $schema: _, ...schema } = z.toJSONSchema(row.schema, { io: 'input', unrepresentable: 'any' });
  return schema;
}

const mqttBindingVersion = '0.2.0';

function channelOf(site: string, name: TopicName): Record<string, unknown> {
  const row: TopicRow = topicTable[name];
  const parameters = parametersOf(row);
  return {
    address: `${rootOf(site)}/${row.pattern}`,
    description: row.about,
    messages: { [name]: { $ref: `#/components/messages/${name}` } },
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    'x-writers': row.writers,
    'x-readers': row.readers,
  };
}

function operationsOf(name: TopicName): [string, Record<string, unknown>][] {
  const row: TopicRow = topicTable[name];
  const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const common = {
    channel: { $ref: `#/channels/${name}` },
    messages: [{ $ref: `#/channels/${name}/messages/${name}` }],
  };
  const qos = { qos: row.qos, bindingVersion: mqttBindingVersion };
  return [
    [
      `send${title}`,
      {
        action: 'send',
        summary: `By: ${row.writers.join(', ')}.`,
        ...common,
        bindings: { mqtt: { ...qos, retain: row.retain } },
      },
    ],
    [
      `receive${title}`,
      { action: 'receive', summary: `By: ${row.readers.join(', ')}.`, ...common, bindings: { mqtt: qos } },
    ],
  ];
}

/**
 * The contract as an AsyncAPI 3 document.
 *
 * @param site - the site whose topics stand in it
 */
export function asyncApiDocument(site: string): Record<string, unknown> {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Tagalong',
      version: `${contractVersion.replace(/^v/, '')}.0.0`,
      description:
        'Topics by which the agents, the controller and people of a Tagalong site talk. Retained documents are the truth, events are hints; nothing that makes anyone act is retained.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: {
      mqtt: {
        host: 'localhost:1883',
        protocol: 'mqtt',
        protocolVersion: '3.1.1',
        description: 'The broker of the site: the embedded one, or any MQTT 3.1.1 broker.',
        security: [{ $ref: '#/components/securitySchemes/userPassword' }],
      },
      webSocket: {
        host: 'localhost:8083',
        protocol: 'ws',
        protocolVersion: '3.1.1',
        description: 'The same over WebSocket, where the broker listens for it.',
        security: [{ $ref: '#/components/securitySchemes/userPassword' }],
      },
    },
    channels: Object.fromEntries(topicNames.map((name) => [name, channelOf(site, name)])),
    operations: Object.fromEntries(topicNames.flatMap(operationsOf)),
    components: {
      messages: Object.fromEntries(
        topicNames.map((name) => [
          name,
          { name, summary: topicTable[name].about, payload: payloadSchema(topicTable[name]) },
        ]),
      ),
      securitySchemes: { userPassword: { type: 'userPassword' } },
    },
  };
}
