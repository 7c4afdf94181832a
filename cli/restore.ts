import type { Command } from 'commander';
import { makeCommand } from './command.ts';
import { parseDuration } from './parsing/duration.ts';
import { parseAddress, parseName } from './parsing/identifiers.ts';
import { parseNodePath } from './parsing/path.ts';
import { sendRequest } from './request.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import type { Terminal } from './terminal/terminal.ts';

interface RestoreOptions extends SiteOptions {
  node: string;
  name?: string;
  address?: string;
  timeout?: number;
  dryRun?: boolean;
}

/** `tagalong restore`. */
export function restoreCommand(terminal: Terminal): Command {
  const command = makeCommand(
    'restore <file>',
    'start a container from a file that `tagalong checkpoint` wrote',
    'tagalong restore /srv/web.tar --node ap2\ntagalong restore /srv/web.tar --node ap2 --name copy --address 10.77.22.9',
  )
    .requiredOption('--node <node>', 'the node that has the file and starts the container', parseName)
    .option('--name <name>', 'another name than the one it had', parseName)
    .option('--address <ipv4>', 'another address than the one it had', parseAddress)
    .option('--timeout <duration>', 'how long to wait for the end (default: 1h)', parseDuration)
    .option('--dry-run', 'only say what would happen; the content of the file is not read');
  return withSiteOptions(command).action(async (file: string, options: RestoreOptions) => {
    const body = {
      file: parseNodePath(file),
      node: options.node,
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.address === undefined ? {} : { address: options.address }),
      ...(options.dryRun ? { dryRun: true } : {}),
    };
    const finishMs = options.timeout ?? 3_600_000;
    const response = await withSite(options, (connection) => sendRequest(connection, 'restore', body, { finishMs }));
    if (options.json) terminal.json(response);
    else terminal.print(restoredText(response.node, response.result ?? {}, options.dryRun === true));
  });
}

/** One line on what runs again, or could. */
function restoredText(node: string, result: Record<string, unknown>, dryRun: boolean): string {
  const connections =
    result['connectionsKept'] === true ? 'its connections go on' : 'its connections of then are closed';
  const verb = dryRun ? 'could run' : 'runs';
  return `${String(result['container'])} ${verb} on ${node} as of ${String(result['createdAt'])}, address ${String(result['address'])}; ${connections}`;
}
