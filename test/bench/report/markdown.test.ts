import test from 'ava';
import { markdownPage, markdownTable } from '../../../bench/report/markdown.ts';
import { cell } from './support.ts';

test('a table of Markdown has a cell for each column, and a bar in a text does not end one', (t) => {
  const table = markdownTable<{ name: string; count?: number }>(
    [
      { heading: 'name', cell: ({ name }) => name },
      { heading: 'count', align: 'right', cell: ({ count }) => count?.toString() },
    ],
    [{ name: 'a | b', count: 2 }, { name: 'c\nd' }],
  );
  t.deepEqual(table, ['| name | count |', '| --- | ---: |', '| a \\| b | 2 |', '| c d | - |']);
});

test('the page says where, when and how, and tells failures', (t) => {
  const page = markdownPage(
    {
      cells: [
        cell('ours', { phasesMs: { freezing: 12 } }),
        cell('peer', { clientGapMs: null, totalMs: null, sentBytes: null, runs: 0, failures: ['no CRIU'] }),
      ],
      machine: { cpuModel: 'Some CPU', cpuCount: 2, memoryBytes: 2 ** 33, kernel: '6.1.0', architecture: 'x64' },
      versions: { runC: '1.3.0' },
      command: 'npm run bench -- migration',
      startedAt: '2030-01-02T03:04:05.000Z',
      durationMs: 61_000,
    },
    'ours',
  );
  for (const part of [
    '2030-01-02',
    '2 x Some CPU (x64)',
    '8 GiB',
    'Linux 6.1.0',
    'runC 1.3.0',
    '\nnpm run bench -- migration\n',
    '| 64 MiB | free | ours | 500 ms (400-900) |',
    '- peer, 64 MiB, free: no CRIU',
    '| 64 MiB | free | ours | freezing 12 ms |',
  ]) {
    t.true(page.includes(part), part);
  }
});
