import test from 'ava';
import fc from 'fast-check';
import { filterOf, locate, rootOf, topicOf } from '../../../broker/contract/address.ts';
import { contains } from '../../../broker/contract/filters.ts';
import { verbs } from '../../../broker/contract/requests.ts';
import { type ParametersOf, type TopicName, topicNames, topicTable } from '../../../broker/contract/topics.ts';

const id = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/);
const parameters = fc.record({
  node: id,
  name: id,
  policy: id,
  mac: fc.stringMatching(/^[0-9a-f]{2}(-[0-9a-f]{2}){5}$/),
  id: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/),
  verb: fc.constantFrom(...verbs),
  user: fc.stringMatching(/^[a-z@. ]{1,20}$/),
});

function wanted(name: TopicName, values: Record<string, string>): Record<string, string> {
  const keys = [...topicTable[name].pattern.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? '');
  return Object.fromEntries(keys.map((key) => [key, values[key] ?? '']));
}

test('a topic is located where it was made', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...topicNames), id, parameters, (name, site, values) => {
      const topic = topicOf(site, name, values as ParametersOf<TopicName>);
      t.deepEqual(locate(site, topic), { name, parameters: wanted(name, values) });
      t.true(contains(filterOf(site, name), topic));
    }),
  );
});

test('whatever a topic holds, locating it does not throw, and what is located can be made again', (t) => {
  const level = fc.oneof(fc.string(), fc.constantFrom('node', 'request', 'run', 'client', '..', '', '__proto__'));
  fc.assert(
    fc.property(fc.array(level, { maxLength: 6 }), (levels) => {
      const topic = `${rootOf('default')}/${levels.join('/')}`;
      const place = locate('default', topic);
      if (!place) return;
      const again = topicOf('default', place.name, place.parameters as ParametersOf<TopicName>);
      t.deepEqual(locate('default', again), place);
    }),
  );
  t.is(locate('default', 'tagalong/v1/other/node/ap1/state'), undefined);
  t.is(locate('default', 'tagalong/v1/default/node/../state'), undefined);
});
