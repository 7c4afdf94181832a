import { bytesText, durationText } from '../../cli/terminal/quantities.ts';
import type { Column } from '../../cli/terminal/table.ts';
import { columns, failureLines, linkColumn, memoryColumn } from './columns.ts';
import { type Comparison, compare } from './comparison.ts';
import type { BenchmarkDocument } from './document.ts';

const escaped = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');

/** Rows as a table of GitHub Flavored Markdown (section 4.10). */
export function markdownTable<Row>(columnsOfTable: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(columnsOfTable.map(({ heading }) => heading)),
    line(columnsOfTable.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...rows.map((row) => line(columnsOfTable.map(({ cell }) => escaped(cell(row) || '-')))),
  ];
}

function phaseLines(comparisons: readonly Comparison[]): string[] {
  const rows = comparisons.filter(({ cell }) => cell.runs > 0);
  const phasesColumns: Column<Comparison>[] = [
    memoryColumn,
    linkColumn,
    { heading: 'contestant', cell: ({ cell }) => cell.contestant },
    {
      heading: 'median of each phase',
      cell: ({ cell }) =>
        Object.entries(cell.phasesMs)
          .map(([phase, ms]) => `${phase} ${durationText(ms)}`)
          .join(', '),
    },
  ];
  return rows.length === 0 ? [] : ['## Where the time goes', '', ...markdownTable(phasesColumns, rows), ''];
}

const method = `## What is measured

A container with a TCP service that holds incompressible memory is moved from one access point of the lab to the other. A station at the
destination sends it a numbered message every 10 ms over one TCP connection, kept open the whole time.

- **client gap**: the longest time in which the station heard nothing.
- **total**: from the order until the container runs at the destination and can be reached; for Tagalong until its commit. Tidying up both
  nodes afterwards, which Tagalong does and the others leave undone, does not count.
- **sent**: what the source's interface to the backbone counted from before the order until the client was content; everything, with
  headers, the client's messages and telemetry.
- In brackets and under **ratio**: how many times as much as Tagalong needs. Above 1, Tagalong is better.

A run counts only if the connection survived, no message was lost or doubled and the memory has its checksum; others are listed as
failed. The contestants take turns, after one run each that is not counted. All find the container's file system at the destination.

- **tagalong-cold**: the request \`migrate\`, technique \`cold\`.
- **recipe-cold**: \`runc checkpoint\`, \`rsync -haz\` over ssh, \`runc restore\`, the recipe that is usually followed by hand. The original keeps no
  TCP connection; to be comparable it gets \`--tcp-established\` and a network namespace with the same address on both nodes, switched by
  Tagalong's own commands. Its images lie on tmpfs, and the order to restore costs it nothing: both are kinder than the original.
- **podman**: \`podman container checkpoint --export --tcp-established\`, \`scp\`, \`podman container restore --import --tcp-established\`, with runC, the
  default compression (zstd), the archive on tmpfs, and the same network by hand.

## What is weaker than it should be

- Both nodes are namespaces of one machine with one kernel: the processors are shared, the backbone is a virtual cable, and where the
  link says \`free\` nothing limits it but memory. On real access points the transfer weighs more.
- The workload writes little to its memory, and keeps no files, since the recipe cannot carry any.
- The gap holds TCP's own waiting: after a silence the kernel's next retransmission may come late: it comes about 0.2, 0.6, 1.4 and 3 seconds
  after the last answer, so gaps gather there. This meets all contestants alike.
- Tagalong keeps the frozen source in memory until the commit, so it needs more memory that nobody used lately than a recipe that has given
  the source up. Where the host of a virtual machine gives such memory out slowly, that is seen in its \`restoring\`, at 256 MiB above all
  (\`for i in 1 2 3 4 5 6; do dd if=/dev/zero of=/dev/shm/x$i bs=1M count=256; done\` shows how slowly: in one such run the first files took
  0.12 s each, the last ones 2.1 s). A cell that is lost for this reason is lost all the same.
- Few runs: medians are sound, the extremes are not percentiles.`;

/** A page with the tables, where and how they were measured, and what is weak about them. */
export function markdownPage(document: BenchmarkDocument, own: string): string {
  const comparisons = compare(document.cells, own);
  const { machine, versions } = document;
  const failures = failureLines(comparisons);
  const cpu = `${machine.cpuCount} x ${machine.cpuModel} (${machine.architecture})`;
  return [
    '# Benchmark: cold migration',
    '',
    `Measured ${document.startedAt.slice(0, 10)} in ${durationText(document.durationMs)} on ${cpu}, ${bytesText(machine.memoryBytes)} memory, Linux ${machine.kernel};`,
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    '',
    '```sh',
    document.command,
    '```',
    '',
    ...markdownTable(columns, comparisons),
    '',
    ...(failures.length === 0 ? [] : ['Failed runs:', '', ...failures.map((line) => `- ${escaped(line)}`), '']),
    ...phaseLines(comparisons),
    method,
    '',
  ].join('\n');
}
