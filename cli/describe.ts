import type { Command } from 'commander';
import { stringify } from 'yaml';
import { makeCommand } from './command.ts';
import { parseName } from './parsing/identifiers.ts';
import { sendRequest } from './request.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import type { Terminal } from './terminal/terminal.ts';

/** `tagalong describe`. */
export function describeCommand(terminal: Terminal): Command {
  const command = makeCommand(
    'describe <name>',
    'all that its node knows of a container and what a move of it would cost, or all of the node itself',
    'tagalong describe web\ntagalong describe ap1 --node',
  ).option('--node', 'what is named is a node, not a container');
  return withSiteOptions(command).action(async (name: string, options: SiteOptions & { node?: boolean }) => {
    const body = options.node ? { node: parseName(name) } : { container: parseName(name), moves: true };
    const response = await withSite(options, (connection) => sendRequest(connection, 'describe', body));
    const result = response.result ?? {};
    if (options.json) terminal.json(result);
    else terminal.print(stringify(result).trimEnd());
  });
}
