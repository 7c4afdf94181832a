import type { Command } from 'commander';
import { z } from 'zod';
import { TagalongError } from '../broker/contract/errors.ts';
import { makeCommand } from './command.ts';
import { countBetween } from './parsing/count.ts';
import { parseName } from './parsing/identifiers.ts';
import { sendRequest } from './request.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import type { Terminal } from './terminal/terminal.ts';

/** `log` in the answer to `describe`: the last lines, as one text or as a list. */
const logResultSchema = z.object({ log: z.union([z.string(), z.array(z.string())]) });

/** `tagalong logs`. */
export function logsCommand(terminal: Terminal): Command {
  const command = makeCommand('logs <container>', 'what a container printed', 'tagalong logs web -n 20').option(
    '-n, --lines <number>',
    'how many of the last lines',
    countBetween(0, 10_000),
    100,
  );
  return withSiteOptions(command).action(async (name: string, options: SiteOptions & { lines: number }) => {
    const body = { container: parseName(name), logLines: options.lines };
    const response = await withSite(options, (connection) => sendRequest(connection, 'describe', body));
    const answer = logResultSchema.safeParse(response.result);
    if (!answer.success) throw new TagalongError('bug', { problem: `${response.node} answered without a log` });
    const { log } = answer.data;
    const lines = typeof log === 'string' ? log.replace(/\n$/, '').split('\n') : log;
    if (options.json) terminal.json({ container: name, node: response.node, lines });
    else for (const line of lines) terminal.print(line);
  });
}
