import type { Command } from 'commander';
import type { MessageOf } from '../broker/contract/topics.ts';
import { makeCommand } from './command.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import { type Retained, readRetained } from './site/retained.ts';
import { ageText } from './terminal/quantities.ts';
import { tableLines } from './terminal/table.ts';
import type { Terminal } from './terminal/terminal.ts';

type Client = MessageOf<'client'>;

/**
 * One record for each client: the controller's where there is one, otherwise the newest association that an access
 * point tells (the controller may be stopped).
 */
export function clientRows(fused: Retained<'client'>[], seen: Retained<'nodeClient'>[]): Client[] {
  const rows = new Map<string, Client>();
  for (const { message } of seen) {
    const known = rows.get(message.mac);
    if (known !== undefined && Date.parse(known.since) >= Date.parse(message.since)) continue;
    const { mac, node, since, address, hostName, signalDbm } = message;
    rows.set(mac, {
      mac,
      node,
      since,
      containers: [],
      ...(address === undefined ? {} : { address }),
      ...(hostName === undefined ? {} : { hostName }),
      ...(signalDbm === undefined ? {} : { signalDbm }),
    });
  }
  for (const { message } of fused) rows.set(message.mac, message);
  return [...rows.values()].sort((a, b) => a.mac.localeCompare(b.mac));
}

/** `tagalong clients`. */
export function clientsCommand(terminal: Terminal): Command {
  const command = makeCommand('clients', 'list the Wi-Fi clients and where they are', 'tagalong clients');
  return withSiteOptions(command).action(async (options: SiteOptions) => {
    const documents = await withSite(options, (connection) => readRetained(connection, ['client', 'nodeClient']));
    const clients = clientRows(documents.client, documents.nodeClient);
    if (options.json) {
      terminal.json({ clients });
      return;
    }
    const nowMs = Date.now();
    const lines = tableLines(
      [
        { heading: 'CLIENT', cell: (row) => row.mac },
        { heading: 'NAME', cell: (row) => row.hostName },
        { heading: 'NODE', cell: (row) => row.node ?? 'gone', paint: (row) => (row.node === null ? 'quiet' : 'name') },
        { heading: 'BEFORE', cell: (row) => row.previous },
        { heading: 'SINCE', cell: (row) => ageText(row.since, nowMs), align: 'right' },
        { heading: 'ADDRESS', cell: (row) => row.address },
        {
          heading: 'SIGNAL',
          cell: (row) => (row.signalDbm === undefined ? undefined : `${row.signalDbm} dBm`),
          align: 'right',
        },
        { heading: 'CONTAINERS', cell: (row) => row.containers.join(', ') },
      ],
      clients,
      terminal.style,
    );
    for (const line of lines) terminal.print(line);
  });
}
