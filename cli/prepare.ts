import type { Command } from 'commander';
import { makeCommand } from './command.ts';
import { parseName } from './parsing/identifiers.ts';
import { parseSize } from './parsing/size.ts';
import { sendRequest } from './request.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import type { Terminal } from './terminal/terminal.ts';

interface PrepareOptions extends SiteOptions {
  to: string;
  rate?: number;
  dryRun?: boolean;
}

/** `tagalong prepare`. */
export function prepareCommand(terminal: Terminal): Command {
  const command = makeCommand(
    'prepare <container>',
    'keep a node that it is expected to go to warm: image, files and memory are sent ahead',
    'tagalong prepare web --to ap2 --rate 10MB',
  )
    .requiredOption('--to <node>', 'the node to keep warm', parseName)
    .option('--rate <size>', 'send at most so much a second (default: a quarter of what the link carries)', parseSize)
    .option('--dry-run', 'only say what would happen');
  return withSiteOptions(command).action(async (name: string, options: PrepareOptions) => {
    const body = {
      container: parseName(name),
      to: options.to,
      ...(options.rate === undefined ? {} : { rateBytesPerSecond: options.rate }),
      ...(options.dryRun ? { dryRun: true } : {}),
    };
    const finishMs = 3_600_000;
    const response = await withSite(options, (connection) => sendRequest(connection, 'prepare', body, { finishMs }));
    if (options.json) terminal.json(response);
    else terminal.print(`${options.to} ${options.dryRun ? 'could be' : 'is'} kept warm for ${name}`);
  });
}

/** `tagalong unprepare`. */
export function unprepareCommand(terminal: Terminal): Command {
  const command = makeCommand(
    'unprepare <container>',
    'drop what is kept at nodes for a container',
    'tagalong unprepare web --to ap2',
  )
    .option('--to <node>', 'at this node alone (default: at all of them)', parseName)
    .option('--dry-run', 'only say what would happen');
  return withSiteOptions(command).action(async (name: string, options: Partial<PrepareOptions>) => {
    const body = {
      container: parseName(name),
      ...(options.to === undefined ? {} : { to: options.to }),
      ...(options.dryRun ? { dryRun: true } : {}),
    };
    const response = await withSite(options, (connection) => sendRequest(connection, 'unprepare', body));
    if (options.json) terminal.json(response);
    else if (options.dryRun) terminal.print(`what is kept for ${name} could be dropped`);
    else
      terminal.print(`${options.to === undefined ? 'no node is' : `${options.to} is no longer`} kept warm for ${name}`);
  });
}
