import { type Command, InvalidArgumentError } from 'commander';
import { byName } from '../agent/images/summary/memory.ts';
import type { ProcessSummary } from '../agent/images/summary/processes.ts';
import { type ImagesSummary, summarizeImages } from '../agent/images/summary/summary.ts';
import { makeCommand } from './command.ts';
import { bytesText } from './terminal/quantities.ts';
import { type Column, printable, tableLines } from './terminal/table.ts';
import type { Terminal } from './terminal/terminal.ts';

function parsePageSize(text: string): number {
  const bytes = Number(text);
  if (![4096, 16_384, 65_536].includes(bytes)) throw new InvalidArgumentError('It is 4096, 16384 or 65536.');
  return bytes;
}

/** The columns of whatever has its content in images, in parents, or elsewhere. */
const memoryColumns: Column<ProcessSummary['memory']>[] = [
  { heading: 'SIZE', cell: (row) => bytesText(row.sizeBytes), align: 'right' },
  { heading: 'DUMPED', cell: (row) => bytesText(row.dumpedBytes), align: 'right' },
  { heading: 'IN PARENT', cell: (row) => bytesText(row.inParentBytes), align: 'right' },
  { heading: 'LAZY', cell: (row) => bytesText(row.lazyBytes), align: 'right' },
];

/** The lines of one table, with an empty line before it; none if it has no rows. */
function section<Row>(terminal: Terminal, columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  return rows.length === 0 ? [] : ['', ...tableLines(columns, rows, terminal.style)];
}

function textLines(summary: ImagesSummary, terminal: Terminal): string[] {
  const { inventory, processes, images, parents } = summary;
  const held = processes.flatMap(({ pid, openFiles }) => openFiles.map((file) => ({ pid, ...file })));
  const sockets = held.flatMap(({ pid, fd, socket }) => (socket === undefined ? [] : [{ pid, fd, ...socket }]));
  const holder = [
    { heading: 'PID', cell: (row: { pid: number }) => String(row.pid), align: 'right' as const },
    { heading: 'FD', cell: (row: { fd: number }) => String(row.fd), align: 'right' as const },
  ] as const;
  const facts: [string, string | undefined][] = [
    ['images', `${summary.directory}, ${bytesText(summary.totalBytes)} in ${images.length} files`],
    ['written', inventory.at],
    ['CRIU', inventory.criuVersion ?? 'not recorded'],
    ['run', inventory.runId],
    ...parents.map(({ directory, totalBytes }): [string, string] => [
      'parent',
      `${directory}, ${bytesText(totalBytes)}`,
    ]),
  ];
  return [
    ...facts.flatMap(([name, fact]) => (fact === undefined ? [] : [`${name.padEnd(8)} ${printable(fact)}`])),
    ...section<ProcessSummary>(
      terminal,
      [
        { heading: 'PID', cell: (row) => String(row.pid), align: 'right' },
        { heading: 'PARENT', cell: (row) => String(row.ppid), align: 'right' },
        { heading: 'NAME', cell: (row) => row.name },
        { heading: 'STATE', cell: (row) => row.state },
        { heading: 'THREADS', cell: (row) => String(row.threads), align: 'right' },
        ...memoryColumns.map(({ heading, cell }) => ({
          heading,
          cell: (row: ProcessSummary) => cell(row.memory),
          align: 'right' as const,
        })),
      ],
      processes,
    ),
    ...section(
      terminal,
      [
        { heading: 'PID', cell: (row) => String(row.pid), align: 'right' },
        ...memoryColumns,
        { heading: 'MEMORY OF', cell: (row) => row.name },
      ],
      processes.flatMap(({ pid, mappings }) => byName(mappings).map((row) => ({ pid, ...row }))),
    ),
    ...section(
      terminal,
      [...holder, { heading: 'FILE', cell: (row) => row.name }],
      held.filter(({ socket }) => socket === undefined),
    ),
    ...section(
      terminal,
      [
        ...holder,
        { heading: 'FAMILY', cell: (row) => row.family },
        { heading: 'TYPE', cell: (row) => row.type },
        { heading: 'STATE', cell: (row) => row.state },
        { heading: 'LOCAL', cell: (row) => row.local },
        { heading: 'REMOTE', cell: (row) => row.remote },
      ],
      sockets,
    ),
    ...section(
      terminal,
      [
        { heading: 'BYTES', cell: (row) => String(row.sizeBytes), align: 'right' },
        { heading: 'IMAGE', cell: (row) => row.file },
      ],
      images,
    ),
  ];
}

/** `tagalong inspect`. */
export function inspectCommand(terminal: Terminal): Command {
  return makeCommand(
    'inspect <images>',
    'tell what a directory of CRIU images holds: processes, memory, files, sockets',
    'tagalong inspect /var/lib/tagalong/checkpoints/web',
  )
    .option('--page-size <bytes>', 'of the machine that wrote the images', parsePageSize, 4096)
    .action((images: string, options: { json?: boolean; pageSize: number }) => {
      const summary = summarizeImages(images, options.pageSize);
      if (options.json) {
        terminal.json(summary);
        return;
      }
      for (const line of textLines(summary, terminal)) terminal.print(line);
    });
}
