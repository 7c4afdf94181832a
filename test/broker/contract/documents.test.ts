import { readFile } from 'node:fs/promises';
import test from 'ava';
import { asyncApiDocument } from '../../../broker/contract/asyncapi.ts';
import { mosquittoAcl } from '../../../broker/contract/mosquittoAcl.ts';
import { contractReference } from '../../../broker/contract/reference.ts';
import { topicNames, topicTable } from '../../../broker/contract/topics.ts';

/** Follows a `#/a/b` reference. */
function follow(document: unknown, reference: string): unknown {
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
}

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : referencesIn(inner),
  );
}

test('the AsyncAPI document holds every topic, both ways, and refers to nothing that is missing', (t) => {
  const document = asyncApiDocument('lab1');
  t.is(document['asyncapi'], '3.0.0');
  const references = referencesIn(document);
  t.true(references.length > topicNames.length);
  for (const reference of references) t.not(follow(document, reference), undefined, reference);
  for (const name of topicNames) {
    const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    t.like(follow(document, `#/channels/${name}`), { address: `tagalong/v1/lab1/${topicTable[name].pattern}` });
    const { qos, retain } = topicTable[name];
    t.like(follow(document, `#/operations/send${title}`), { action: 'send', bindings: { mqtt: { qos, retain } } });
    t.like(follow(document, `#/operations/receive${title}`), { action: 'receive', bindings: { mqtt: { qos } } });
    t.like(follow(document, `#/components/messages/${name}/payload`), { type: 'object' });
  }
  t.deepEqual(JSON.parse(JSON.stringify(document)), document, 'it is plain JSON');
});

test('fields with a default may be left out of what is sent', (t) => {
  const required = follow(asyncApiDocument('default'), '#/components/messages/policy/payload/required');
  t.deepEqual(required, ['kind']);
});

test('docs/contract.md is what the tables say', async (t) => {
  const committed = await readFile(new URL('../../../docs/contract.md', import.meta.url), 'utf8');
  t.is(committed, contractReference(), 'write it again: tagalong contract --markdown > docs/contract.md');
});

test("Mosquitto's list gives a node its own topics alone", (t) => {
  const text = mosquittoAcl('default', [
    { name: 'ap1', role: 'node' },
    { name: 'eve', role: 'viewer' },
  ]);
  const [, node = '', viewer = ''] = text.split(/^user .*$/m);
  t.regex(node, /^topic readwrite tagalong\/v1\/default\/node\/ap1\/client\/\+$/m);
  t.regex(node, /^topic write tagalong\/v1\/default\/node\/ap1\/state$/m);
  t.regex(node, /^topic read tagalong\/v1\/default\/node\/\+\/state$/m);
  t.notRegex(node, /write tagalong\/v1\/default\/(node\/\+|request|client|container|policy|audit)/);
  t.notRegex(viewer, /write|request|audit/);
  t.regex(viewer, /^topic read tagalong\/v1\/default\/decision$/m);
});
