import type { Command } from 'commander';
import { makeCommand } from './command.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import { readRetained } from './site/retained.ts';
import { ageText, bytesText } from './terminal/quantities.ts';
import { tableLines } from './terminal/table.ts';
import type { Terminal } from './terminal/terminal.ts';

/** `tagalong nodes`. */
export function nodesCommand(terminal: Terminal): Command {
  const command = makeCommand('nodes', 'list the nodes, what they are and how they are', 'tagalong nodes');
  return withSiteOptions(command).action(async (options: SiteOptions) => {
    const documents = await withSite(options, (connection) =>
      readRetained(connection, ['nodeState', 'nodeInfo', 'nodeClient', 'nodeContainer']),
    );
    const infoOf = new Map(documents.nodeInfo.map(({ parameters, message }) => [parameters.node, message]));
    const count = (rows: { parameters: { node: string } }[], node: string) =>
      rows.filter(({ parameters }) => parameters.node === node).length;
    const nodes = documents.nodeState
      .map(({ parameters: { node }, message }) => ({
        node,
        ...message,
        info: infoOf.get(node),
        clients: count(documents.nodeClient, node),
        containers: count(documents.nodeContainer, node),
      }))
      .sort((a, b) => a.node.localeCompare(b.node, 'en', { numeric: true }));
    if (options.json) {
      terminal.json({ nodes });
      return;
    }
    const nowMs = Date.now();
    const lines = tableLines(
      [
        { heading: 'NODE', cell: (row) => row.node },
        {
          heading: 'STATUS',
          cell: (row) => row.status,
          paint: (row) => (row.status === 'online' ? 'good' : row.status === 'offline' ? 'bad' : 'caution'),
        },
        { heading: 'SINCE', cell: (row) => ageText(row.at, nowMs), align: 'right' },
        { heading: 'KIND', cell: (row) => row.info && (row.info.accessPoint ? 'access point' : 'plain') },
        { heading: 'CLIENTS', cell: (row) => String(row.clients), align: 'right' },
        {
          heading: 'CONTAINERS',
          cell: (row) => `${row.containers}${row.info ? `/${row.info.maxContainers}` : ''}`,
          align: 'right',
        },
        { heading: 'ARCHITECTURE', cell: (row) => row.info?.architecture },
        { heading: 'CRIU', cell: (row) => row.info?.criuVersion },
        { heading: 'RUNC', cell: (row) => row.info?.runcVersion },
        { heading: 'MEMORY', cell: (row) => row.info && bytesText(row.info.memoryBytes), align: 'right' },
      ],
      nodes,
      terminal.style,
    );
    for (const line of lines) terminal.print(line);
  });
}
