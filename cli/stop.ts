import type { Command } from 'commander';
import { makeCommand } from './command.ts';
import { parseDuration } from './parsing/duration.ts';
import { parseName } from './parsing/identifiers.ts';
import { sendRequest } from './request.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import type { Terminal } from './terminal/terminal.ts';

interface StopOptions extends SiteOptions {
  timeout?: number;
  dryRun?: boolean;
}

/** `tagalong stop`. */
export function stopCommand(terminal: Terminal): Command {
  const command = makeCommand('stop <container>', 'stop and remove a container', 'tagalong stop web --timeout 10s')
    .option('--timeout <duration>', 'how long it may take to end by itself, e.g. 10s', parseDuration)
    .option('--dry-run', 'only say what would happen');
  return withSiteOptions(command).action(async (name: string, options: StopOptions) => {
    const body = {
      container: parseName(name),
      ...(options.timeout === undefined ? {} : { timeoutMs: Math.round(options.timeout) }),
      ...(options.dryRun ? { dryRun: true } : {}),
    };
    const response = await withSite(options, (connection) => sendRequest(connection, 'stop', body));
    if (options.json) terminal.json(response);
    else terminal.print(`${name} ${options.dryRun ? 'could be stopped' : 'is stopped'} on ${response.node}`);
  });
}
