import { readFile } from 'node:fs/promises';
import test from 'ava';
import { type ErrorCode, errorTable } from '../../broker/contract/errors.ts';
import { exitCodeLines, exitCodeOf, exitCodeTable } from '../../cli/exitCodes.ts';

test('every error code has an exit code of the table, and none of them is success', (t) => {
  const known = new Set<number>(Object.values(exitCodeTable).map(({ code }) => code));
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    t.true(known.has(exitCodeOf(code)), code);
    t.not(exitCodeOf(code), 0, code);
  }
});

test('the kinds and the special codes are told apart', (t) => {
  t.is(exitCodeOf('command-failed'), 1);
  t.is(exitCodeOf('bad-usage'), 2);
  t.is(exitCodeOf('bad-configuration'), 2);
  t.is(exitCodeOf('unknown-container'), 3);
  t.is(exitCodeOf('broker-unreachable'), 4);
  t.is(exitCodeOf('no-answer'), 4);
  t.is(exitCodeOf('not-authorized'), 5);
  t.is(exitCodeOf('bug'), 70);
  t.is(exitCodeOf('a-code-of-a-newer-agent'), 1);
  t.is(exitCodeOf('toString'), 1);
});

test('no two rows share a code, and each is printed', (t) => {
  const codes = Object.values(exitCodeTable).map(({ code }) => code);
  t.is(new Set(codes).size, codes.length);
  t.is(exitCodeLines().length, codes.length);
});

test('the README says the same', async (t) => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| (\d+) +\| (.+?) +\|$/gm)].map(([, code, meaning]) => ({
    code: Number(code),
    meaning,
  }));
  t.deepEqual(rows, Object.values(exitCodeTable));
});
