import test from 'ava';
import { parseDuration } from '../../../cli/parsing/duration.ts';

const durations: [string, number][] = [
  ['250ms', 250],
  ['10s', 10_000],
  ['1.5min', 90_000],
  ['2 h', 7_200_000],
];

for (const [text, ms] of durations) test(`reads ${text}`, (t) => t.is(parseDuration(text), ms));

for (const text of ['', '10', 's', '-1s', '10 days', '1s2ms']) {
  test(`refuses "${text}" by name`, (t) => {
    t.throws(() => parseDuration(text), { code: 'commander.invalidArgument', message: new RegExp(`"${text}"`) });
  });
}
