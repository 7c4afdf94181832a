import { z } from 'zod';
import { rootOf } from './address.ts';
import { errorTable } from './errors.ts';
import { requestSchemas, type Verb, verbs } from './requests.ts';
import { type TopicRow, topicNames, topicTable } from './topics.ts';

interface JsonSchema {
  type?: string;
  format?: string;
  enum?: unknown[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(' or ');
  if (schema.type === 'array') return `list of ${schema.items?.properties ? 'objects' : typeOf(schema.items ?? {})}`;
  if (schema.format === 'date-time') return 'moment (RFC 3339)';
  if (schema.format === 'ipv4') return 'IPv4 address';
  return schema.type ?? 'any';
}

function topicsTable(site: string): string {
  const rows = topicNames.map((name) => {
    const row: TopicRow = topicTable[name];
    return [
      `\`${row.pattern}\``,
      row.writers.join(', '),
      row.readers.join(', '),
      String(row.qos),
      row.retain ? 'yes' : 'no',
      row.about,
    ];
  });
  return [
    `All topics stand under \`${rootOf(site)}/\`. A node writes under its own \`node/{node}/\` alone, besides its answers, and hears all of it.`,
    '',
    table(['Topic', 'Written by', 'Heard by', 'QoS', 'Retained', 'What'], rows),
  ].join('\n');
}

function requestSection(verb: Verb): string {
  const schema = z.toJSONSchema(requestSchemas[verb], { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const required = new Set(schema.required);
  const rows = Object.entries(schema.properties ?? {}).map(([field, property]) => [
    `\`${field}\``,
    typeOf(property),
    required.has(field) ? 'yes' : '',
  ]);
  return [`### \`request/${verb}\``, '', table(['Field', 'Type', 'Required'], rows)].join('\n');
}

function errorsTable(): string {
  const rows = Object.entries(errorTable).map(([code, row]) => [`\`${code}\``, row.kind, row.sentence, row.remedy]);
  return table(['Code', 'Kind', 'Sentence', 'Remedy'], rows);
}

/**
 * The reference of the contract as Markdown: topics, requests with their fields, errors. It is committed as
 * `docs/contract.md`, and a test compares the two.
 */
export function contractReference(site = 'default'): string {
  return [
    '# The MQTT contract',
    '',
    'Made by `tagalong contract --markdown` from the tables in `broker/contract/`; do not edit it by hand.',
    '',
    '## Topics',
    '',
    topicsTable(site),
    '',
    '## Requests',
    '',
    'The body is one JSON object; unknown fields are ignored. With an `id` the answer comes on `response/{verb}/{id}`.',
    'Every request takes `id`, `expiresAt` and `dryRun`. A request is at most 256 KiB, and is never retained.',
    '',
    verbs.map(requestSection).join('\n\n'),
    '',
    '## Errors',
    '',
    '`refused`: the caller has to change something. `failed`: something around Tagalong did not work. `bug`: Tagalong is wrong.',
    '',
    errorsTable(),
    '',
    '## What the embedded broker does not let through',
    '',
    'A message that its sender may not publish, that is too large, that is a retained request, or a document that does not fit its',
    'schema is acknowledged, so that the sender does not repeat it for ever, and dropped; `audit/{user}` says so with the reason. A',
    'refused subscription is answered with the return code 0x80. Requests that are malformed are passed on: agents answer them.',
    'Of one user it says at most 20 things at once and 5 more in each second; the next one tells how many were passed over.',
    'A WebSocket frame or a CONNECT, SUBSCRIBE or UNSUBSCRIBE packet above the limit ends its connection, and the audit says so too.',
    '',
  ].join('\n');
}
