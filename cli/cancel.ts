import type { Command } from 'commander';
import { makeCommand } from './command.ts';
import { parseName, parseRequestId } from './parsing/identifiers.ts';
import { sendRequest } from './request.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import type { Terminal } from './terminal/terminal.ts';

/** `tagalong cancel`. */
export function cancelCommand(terminal: Terminal): Command {
  const command = makeCommand(
    'cancel <migration>',
    'cancel a migration before its commit; the container runs on where it is',
    'tagalong cancel --container web\ntagalong cancel 7c0f6c7e-33c1-4b5a-8b5e-4f4e8a8f1d10',
  )
    .option('--container', 'what is named is a container, and its migration is meant')
    .option('--dry-run', 'only say what would happen');
  return withSiteOptions(command).action(
    async (name: string, options: SiteOptions & { container?: boolean; dryRun?: boolean }) => {
      const named = options.container ? { container: parseName(name) } : { migration: parseRequestId(name) };
      const body = { ...named, ...(options.dryRun ? { dryRun: true } : {}) };
      const response = await withSite(options, (connection) => sendRequest(connection, 'cancel', body));
      if (options.json) terminal.json(response);
      else terminal.print(`the migration ${options.dryRun ? 'could be' : 'is'} cancelled`);
    },
  );
}
