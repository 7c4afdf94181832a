import test from 'ava';
import fc from 'fast-check';
import { contains, overlaps } from '../../../broker/contract/filters.ts';

const alphabet = ['a', 'b', ''];
const maximumLevels = 4;

/** Every topic of up to `count` levels over the alphabet. */
function topicsUpTo(count: number): string[][] {
  if (count === 1) return alphabet.map((level) => [level]);
  const shorter = topicsUpTo(count - 1);
  const longest = shorter.filter((levels) => levels.length === count - 1);
  return [...shorter, ...longest.flatMap((levels) => alphabet.map((level) => [...levels, level]))];
}

// one level longer than any filter, so that `#` meets something that only it matches
const topics = topicsUpTo(maximumLevels + 1);

/** MQTT's matching by its words: an independent, slow telling of it. */
function matches(filter: string, topic: string[]): boolean {
  const levels = filter.split('/');
  const isOpen = levels.at(-1) === '#';
  const fixed = isOpen ? levels.slice(0, -1) : levels;
  const lengthFits = isOpen ? topic.length >= fixed.length : topic.length === fixed.length;
  return lengthFits && fixed.every((level, index) => level === '+' || level === topic[index]);
}

const filters = fc
  .tuple(
    fc.array(fc.constantFrom('a', 'b', '+', ''), { minLength: 1, maxLength: maximumLevels - 1 }),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([levels, isOpen, isBare]) => (isBare && isOpen ? '#' : [...levels, ...(isOpen ? ['#'] : [])].join('/')));

test('containment is what brute force says', (t) => {
  fc.assert(
    fc.property(filters, filters, (outer, inner) => {
      const expected = topics.every((topic) => !matches(inner, topic) || matches(outer, topic));
      return contains(outer, inner) === expected;
    }),
    { numRuns: 3000 },
  );
  t.pass();
});

test('overlap is what brute force says', (t) => {
  fc.assert(
    fc.property(filters, filters, (one, other) => {
      const expected = topics.some((topic) => matches(one, topic) && matches(other, topic));
      return overlaps(one, other) === expected && overlaps(other, one) === expected;
    }),
    { numRuns: 3000 },
  );
  t.pass();
});

test('leading wildcards do not reach topics that begin with $', (t) => {
  t.false(contains('#', '$SYS/x'));
  t.false(contains('+/x', '$SYS/x'));
  t.false(overlaps('$SYS/x', '+/x'));
  t.true(contains('$SYS/#', '$SYS/x'));
});
