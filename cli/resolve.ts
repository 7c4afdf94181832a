import type { Command } from 'commander';
import { TagalongError } from '../broker/contract/errors.ts';
import { makeCommand } from './command.ts';
import { parseName } from './parsing/identifiers.ts';
import { sendRequest } from './request.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import type { Terminal } from './terminal/terminal.ts';

interface ResolveOptions extends SiteOptions {
  node: string;
  here?: boolean;
  there?: boolean;
  dryRun?: boolean;
}

/** `tagalong resolve`. */
export function resolveCommand(terminal: Terminal): Command {
  const command = makeCommand(
    'resolve <container>',
    'decide for a container that stands still because its destination does not answer',
    'tagalong resolve web --node ap1 --here',
  )
    .requiredOption('--node <node>', 'where it stands still', parseName)
    .option('--here', 'it goes on at that node; if the destination runs it too, that one is overtaken')
    .option('--there', 'that node gives it up; if the destination does not have it, it is lost')
    .option('--dry-run', 'only say whether there is something to decide');
  return withSiteOptions(command).action(async (name: string, options: ResolveOptions) => {
    if ((options.here === true) === (options.there === true))
      throw new TagalongError('bad-usage', { problem: 'say either --here or --there', command: 'tagalong resolve' });
    const keep = options.here ? ('here' as const) : ('there' as const);
    const body = {
      container: parseName(name),
      node: options.node,
      keep,
      ...(options.dryRun ? { dryRun: true } : {}),
    };
    const response = await withSite(options, (connection) => sendRequest(connection, 'resolve', body));
    if (options.json) terminal.json(response);
    else if (options.dryRun) terminal.print(`${name} stands still on ${options.node} and can be decided for`);
    else terminal.print(keep === 'here' ? `${name} goes on at ${options.node}` : `${options.node} gives ${name} up`);
  });
}
