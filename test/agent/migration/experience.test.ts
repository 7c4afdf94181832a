import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openExperience } from '../../../agent/migration/experience.ts';
import { temporary } from '../memory/support/temporary.ts';

test('nothing is known at first', async (t) => {
  const experience = await openExperience(temporary(t));
  t.deepEqual(experience.correctionsFor('ap2'), {});
  t.is(experience.dirtyRateOf('web'), undefined);
});

test('it moves towards what moves show, each destination and technique apart, and survives a restart', async (t) => {
  const directory = temporary(t);
  const experience = await openExperience(directory);
  await experience.learn('ap2', 'cold', 100, 150);
  t.is(experience.correctionsFor('ap2').cold, 1.25);
  experience.noteDirtyRate('web', 12_000);
  await experience.learn('ap2', 'cold', 100, 50);
  const now = experience.correctionsFor('ap2').cold ?? 0;
  t.true(now < 1.5 && now > 0.5);
  for (let move = 0; move < 30; move += 1) await experience.learn('ap2', 'cold', 100, 50);
  t.true(Math.abs((experience.correctionsFor('ap2').cold ?? 0) - 0.5) < 0.01);
  t.is(experience.correctionsFor('ap2').hybrid, undefined);
  t.deepEqual(experience.correctionsFor('ap3'), {});
  const later = await openExperience(directory);
  t.deepEqual(later.correctionsFor('ap2'), experience.correctionsFor('ap2'));
  t.is(later.dirtyRateOf('web'), 12_000);
});

test('one odd move does not spoil all estimates', async (t) => {
  const experience = await openExperience(temporary(t));
  await experience.learn('ap2', 'cold', 100, 1e9);
  t.is(experience.correctionsFor('ap2').cold, 2);
  await experience.learn('ap3', 'cold', 100, 0);
  t.is(experience.correctionsFor('ap3').cold, 0.65);
  for (const actualMs of [110, 105, 5000, 95]) await experience.learn('ap2', 'cold', 100, actualMs);
  t.is(
    experience.correctionsFor('ap2').cold?.toFixed(3),
    '1.075',
    'of 0.95, 1, 1.05, 1.1, 3 and 3 what is in the middle',
  );
});

test('a damaged file is as none, and containers are not remembered without bound', async (t) => {
  const directory = temporary(t);
  for (const text of ['{', '{"ratios":{"ap2":{"cold":[-1]}},"dirtyBytesPerSecond":{}}', '[]']) {
    writeFileSync(join(directory, 'experience.json'), text);
    t.deepEqual((await openExperience(directory)).correctionsFor('ap2'), {});
  }
  const experience = await openExperience(directory);
  for (let index = 0; index < 2000; index += 1) experience.noteDirtyRate(`c${index}`, 1);
  t.is(experience.dirtyRateOf('c1999'), 1);
  t.is(experience.dirtyRateOf('c0'), undefined);
});
