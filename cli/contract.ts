import { type Command, Option } from 'commander';
import { contractVersion, rootOf } from '../broker/contract/address.ts';
import { errorTable } from '../broker/contract/errors.ts';
import { topicNames, topicTable } from '../broker/contract/topics.ts';
import { makeCommand } from './command.ts';
import { parseName } from './parsing/identifiers.ts';
import { tableLines } from './terminal/table.ts';
import type { Terminal } from './terminal/terminal.ts';

interface ContractOptions {
  site: string;
  asyncapi?: boolean;
  markdown?: boolean;
  mosquittoAcl?: boolean;
  node?: string[];
  json?: boolean;
}

function rows() {
  return topicNames.map((name) => {
    const { pattern, writers, qos, retain, about } = topicTable[name];
    return { name, pattern, writers: [...writers], qos, retain, about };
  });
}

/** The users that the ACL file of another broker names: each node, and one of each other role. */
function aclUsers(nodes: string[]) {
  return [
    ...nodes.map((name) => ({ name, role: 'node' as const })),
    ...(['controller', 'operator', 'viewer'] as const).map((name) => ({ name, role: name })),
  ];
}

/** `tagalong contract`. */
export function contractCommand(terminal: Terminal): Command {
  return makeCommand(
    'contract',
    'print the MQTT contract: topics, writers, quality of service, schemas',
    'tagalong contract\ntagalong contract --asyncapi > asyncapi.json',
  )
    .option('--site <name>', 'name of the site', parseName, 'default')
    .addOption(new Option('--asyncapi', 'as an AsyncAPI 3 document').conflicts(['markdown', 'mosquittoAcl']))
    .addOption(new Option('--markdown', 'as the reference in docs/contract.md').conflicts('mosquittoAcl'))
    .option('--mosquitto-acl', 'as an acl_file of Mosquitto, for the users controller, operator, viewer and --node')
    .option('--node <name>', 'a node for --mosquitto-acl; may be repeated', (name: string, before: string[] = []) => [
      ...before,
      parseName(name),
    ])
    .action(async (options: ContractOptions) => {
      if (options.asyncapi) {
        const { asyncApiDocument } = await import('../broker/contract/asyncapi.ts');
        terminal.json(asyncApiDocument(options.site));
      } else if (options.markdown) {
        const { contractReference } = await import('../broker/contract/reference.ts');
        terminal.print(contractReference(options.site).trimEnd());
      } else if (options.mosquittoAcl) {
        const { mosquittoAcl } = await import('../broker/contract/mosquittoAcl.ts');
        terminal.print(mosquittoAcl(options.site, aclUsers(options.node ?? [])).trimEnd());
      } else if (options.json) {
        terminal.json({ version: contractVersion, root: rootOf(options.site), topics: rows(), errors: errorTable });
      } else printTable(terminal, options.site);
    });
}

function printTable(terminal: Terminal, site: string): void {
  terminal.print(`Root: ${rootOf(site)}/\n`);
  const lines = tableLines(
    [
      { heading: 'TOPIC', cell: (row) => row.pattern },
      { heading: 'WRITER', cell: (row) => row.writers.join(', ') },
      { heading: 'QOS', cell: (row) => String(row.qos) },
      { heading: 'RETAINED', cell: (row) => (row.retain ? 'yes' : 'no') },
      { heading: 'WHAT', cell: (row) => row.about },
    ],
    rows(),
    terminal.style,
  );
  for (const line of lines) terminal.print(line);
}
