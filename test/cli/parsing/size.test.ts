import test from 'ava';
import { parseSize } from '../../../cli/parsing/size.ts';

const sizes: [string, number][] = [
  ['4096', 4096],
  ['64MiB', 67_108_864],
  ['64m', 67_108_864],
  ['1.5G', 1_610_612_736],
  ['10 kB', 10_000],
  ['512K', 524_288],
  ['1GB', 1_000_000_000],
];

for (const [text, bytes] of sizes) {
  test(`reads ${text}`, (t) => t.is(parseSize(text), bytes));
}

for (const text of ['', 'MiB', '-1M', '64XB', '0', '1e9', '64 M B', '99999999999999G']) {
  test(`refuses "${text}" by name`, (t) => {
    t.throws(() => parseSize(text), { code: 'commander.invalidArgument', message: new RegExp(`"${text}"`) });
  });
}
