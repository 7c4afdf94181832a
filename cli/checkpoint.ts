import type { Command } from 'commander';
import { makeCommand } from './command.ts';
import { parseDuration } from './parsing/duration.ts';
import { parseName } from './parsing/identifiers.ts';
import { parseNodePath } from './parsing/path.ts';
import { sendRequest } from './request.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import { bytesText, durationText } from './terminal/quantities.ts';
import type { Terminal } from './terminal/terminal.ts';

interface CheckpointOptions extends SiteOptions {
  to?: string;
  leaveRunning?: boolean;
  withImage?: boolean;
  timeout?: number;
  dryRun?: boolean;
}

/** `tagalong checkpoint`. */
export function checkpointCommand(terminal: Terminal): Command {
  const command = makeCommand(
    'checkpoint <container>',
    'write a running container to a file of its node, and stop it',
    'tagalong checkpoint web --to /srv/web.tar\ntagalong checkpoint web --leave-running --with-image',
  )
    .option('--to <file>', 'on its node; otherwise a new file below its data directory', parseNodePath)
    .option('--leave-running', 'it goes on after a short pause')
    .option('--with-image', 'put its image into the file too, for nodes that do not have it')
    .option('--timeout <duration>', 'how long to wait for the end (default: 1h)', parseDuration)
    .option('--dry-run', 'only say what would happen');
  return withSiteOptions(command).action(async (name: string, options: CheckpointOptions) => {
    const body = {
      container: parseName(name),
      ...(options.to === undefined ? {} : { file: options.to }),
      ...(options.leaveRunning ? { leaveRunning: true } : {}),
      ...(options.withImage ? { withImage: true } : {}),
      ...(options.dryRun ? { dryRun: true } : {}),
    };
    const finishMs = options.timeout ?? 3_600_000;
    const response = await withSite(options, (connection) => sendRequest(connection, 'checkpoint', body, { finishMs }));
    if (options.json) terminal.json(response);
    else terminal.print(writtenText(name, response.node, response.result ?? {}, options.dryRun === true));
  });
}

/** One line on what was written, or would be. */
function writtenText(name: string, node: string, result: Record<string, unknown>, dryRun: boolean): string {
  const where = `${String(result['file'])} on ${node}`;
  if (dryRun) return `${name} could be written to ${where}`;
  const { sizeBytes, downtimeMs } = result;
  const size = typeof sizeBytes === 'number' ? ` (${bytesText(sizeBytes)})` : '';
  const pause = typeof downtimeMs === 'number' ? `it runs on, frozen ${durationText(downtimeMs)}` : 'it is stopped';
  return `${name} is written to ${where}${size}; ${pause}`;
}
