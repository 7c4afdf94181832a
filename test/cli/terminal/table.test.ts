import test from 'ava';
import { bytesText, durationText } from '../../../cli/terminal/quantities.ts';
import { makeStyle } from '../../../cli/terminal/style.ts';
import { tableLines } from '../../../cli/terminal/table.ts';
import { makeTerminal } from '../../../cli/terminal/terminal.ts';
import { makeRecorder } from '../support/recorder.ts';

const columns = [
  { heading: 'NAME', cell: (row: { name: string; size?: string }) => row.name, paint: () => 'good' as const },
  { heading: 'SIZE', cell: (row: { name: string; size?: string }) => row.size, align: 'right' as const },
];

test('aligns columns and shows what is missing as a hyphen', (t) => {
  const rows = [{ name: 'a', size: '100' }, { name: 'longer' }];
  t.deepEqual(tableLines(columns, rows, makeStyle(false)), ['NAME    SIZE', 'a        100', 'longer     -']);
});

test('control characters of other machines do not reach the terminal', (t) => {
  const [, line] = tableLines(columns, [{ name: '\u001b[2Jx\ny', size: '1' }], makeStyle(true));
  t.is(line, '\u001b[32m?[2Jx?y\u001b[0m     1');
});

test('colours only at a terminal, and not with NO_COLOR', (t) => {
  const paints = (stream: { isTTY?: boolean }, environment: Record<string, string>) =>
    makeTerminal({ ...stream, write: () => true }, { write: () => true }, environment).style.good('x') !== 'x';
  t.true(paints({ isTTY: true }, {}));
  t.true(paints({ isTTY: true }, { NO_COLOR: '' }));
  t.false(paints({ isTTY: true }, { NO_COLOR: '1' }));
  t.false(paints({ isTTY: true }, { TERM: 'dumb' }));
  t.false(paints({}, {}));
});

test('a result goes to standard output, remarks to standard error', (t) => {
  const recorder = makeRecorder();
  recorder.terminal.print('result');
  recorder.terminal.json({ a: 1 }, 'line');
  recorder.terminal.remark('remark');
  t.is(recorder.output(), 'result\n{"a":1}\n');
  t.is(recorder.errors(), 'remark\n');
});

test('quantities for people', (t) => {
  t.is(bytesText(67_108_864), '64 MiB');
  t.is(bytesText(1536), '1.5 KiB');
  t.is(bytesText(12), '12 B');
  t.is(durationText(120.4), '120 ms');
  t.is(durationText(2400), '2.4 s');
  t.is(durationText(185_000), '3 min 5 s');
  t.is(durationText(7_260_000), '2 h 1 min');
});
