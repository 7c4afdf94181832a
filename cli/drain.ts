import type { Command } from 'commander';
import { makeCommand } from './command.ts';
import { parseName } from './parsing/identifiers.ts';
import { sendRequest } from './request.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import type { Terminal } from './terminal/terminal.ts';

const texts = {
  drain: { summary: 'let a node take no more containers, and move those it has', did: 'is draining' },
  undrain: { summary: 'let a drained node take containers again', did: 'takes containers again' },
} as const;

/** `tagalong drain` and `tagalong undrain`: one request each, alike but for the verb. */
export function drainCommand(terminal: Terminal, verb: 'drain' | 'undrain'): Command {
  const command = makeCommand(`${verb} <node>`, texts[verb].summary, `tagalong ${verb} ap1`).option(
    '--dry-run',
    'only say what would happen',
  );
  return withSiteOptions(command).action(async (node: string, options: SiteOptions & { dryRun?: boolean }) => {
    const body = { node: parseName(node), ...(options.dryRun ? { dryRun: true } : {}) };
    const response = await withSite(options, (connection) =>
      sendRequest(connection, verb, body, { finishMs: 600_000 }),
    );
    if (options.json) terminal.json(response);
    else terminal.print(options.dryRun ? `${node} would obey` : `${node} ${texts[verb].did}`);
  });
}
