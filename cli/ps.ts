import type { Command } from 'commander';
import { makeCommand } from './command.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import { readRetained } from './site/retained.ts';
import { ageText, bytesText } from './terminal/quantities.ts';
import { type Column, tableLines } from './terminal/table.ts';
import type { Terminal } from './terminal/terminal.ts';

/** `tagalong ps`. */
export function psCommand(terminal: Terminal): Command {
  const command = makeCommand('ps', 'list the containers and where they run', 'tagalong ps --json');
  return withSiteOptions(command).action(async (options: SiteOptions) => {
    const documents = await withSite(options, (connection) => readRetained(connection, ['nodeContainer', 'nodeState']));
    const offline = new Set(
      documents.nodeState
        .filter(({ message }) => message.status === 'offline')
        .map(({ parameters }) => parameters.node),
    );
    const containers = documents.nodeContainer
      .map(({ message }) => ({ ...message, nodeOffline: offline.has(message.node) }))
      .sort((a, b) => a.name.localeCompare(b.name) || a.node.localeCompare(b.node));
    if (options.json) {
      terminal.json({ containers });
      return;
    }
    const nowMs = Date.now();
    const statusOf = (row: (typeof containers)[number]) => {
      if (row.nodeOffline) return `${row.status} (node offline)`;
      return row.migration === undefined ? row.status : `${row.status}, moving (${row.migration})`;
    };
    // only where it is used: the table is wide as it is
    const isWarm = containers.some(({ prepared = [] }) => prepared.length > 0);
    const warmAt: Column<(typeof containers)[number]> = {
      heading: 'WARM AT',
      cell: (row) => row.prepared?.map(({ node }) => node).join(' '),
    };
    const lines = tableLines(
      [
        { heading: 'NAME', cell: (row) => row.name },
        { heading: 'NODE', cell: (row) => row.node },
        {
          heading: 'STATUS',
          cell: statusOf,
          paint: (row) =>
            row.nodeOffline || row.status === 'failed' ? 'bad' : row.status === 'running' ? 'good' : 'caution',
        },
        { heading: 'ADDRESS', cell: (row) => row.address },
        { heading: 'FOLLOWS', cell: (row) => row.follows },
        ...(isWarm ? [warmAt] : []),
        { heading: 'PINNED', cell: (row) => (row.pinned ? 'yes' : undefined) },
        { heading: 'GENERATION', cell: (row) => String(row.generation), align: 'right' },
        {
          heading: 'MEMORY',
          cell: (row) => (row.memoryBytes === undefined ? undefined : bytesText(row.memoryBytes)),
          align: 'right',
        },
        { heading: 'SINCE', cell: (row) => ageText(row.since, nowMs), align: 'right' },
      ],
      containers,
      terminal.style,
    );
    for (const line of lines) terminal.print(line);
  });
}
