import test from 'ava';
import { quoted, shellLine } from '../../../bench/migration/shell.ts';
import { run } from '../../../host/command.ts';

const printedBy = async (line: string) => (await run('sh', [], { input: line })).stdout.split('\n');

test('a quoted text is one word to a shell, whatever is in it', async (t) => {
  const text = `it's "$HOME" \\ \`id\` *`;
  t.deepEqual(await printedBy(`printf '%s\\n' ${quoted(text)}\n`), [text]);
});

test('a line runs its script and ends with the mark and the exit code', async (t) => {
  t.deepEqual(await printedBy(shellLine("echo 'out'; echo err >&2; exit 7", 5000, '::mark')), [
    'out',
    'err',
    '',
    '::mark 7',
  ]);
});

test('a script cannot read what is meant for the open shell', async (t) => {
  const lines = await printedBy(shellLine('cat', 5000, '::a') + shellLine('echo second', 5000, '::b'));
  t.deepEqual(lines, ['', '::a 0', 'second', '', '::b 0']);
});

test('a script that goes on is ended at its limit', async (t) => {
  t.deepEqual(await printedBy(shellLine('sleep 600', 1, '::late')), ['', '::late 124']);
});
