import type { Command } from 'commander';
import { makeCommand } from './command.ts';
import { parseName } from './parsing/identifiers.ts';
import { sendRequest } from './request.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import type { Terminal } from './terminal/terminal.ts';

const summaries = {
  pin: 'keep a container where it is, whatever its client does',
  unpin: 'let a pinned container move again',
} as const;

/** `tagalong pin` and `tagalong unpin`: one request each, alike but for the verb. */
export function pinCommand(terminal: Terminal, verb: 'pin' | 'unpin'): Command {
  const command = makeCommand(`${verb} <container>`, summaries[verb], `tagalong ${verb} web`).option(
    '--dry-run',
    'only say what would happen',
  );
  return withSiteOptions(command).action(async (name: string, options: SiteOptions & { dryRun?: boolean }) => {
    const body = { container: parseName(name), ...(options.dryRun ? { dryRun: true } : {}) };
    const response = await withSite(options, (connection) => sendRequest(connection, verb, body));
    if (options.json) terminal.json(response);
    else terminal.print(`${name} ${options.dryRun ? 'could be' : 'is'} ${verb}ned on ${response.node}`);
  });
}
