import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import type { SiteConnection } from '../broker/connection.ts';
import { techniqueSchema } from '../broker/contract/documents.ts';
import type { MessageOf } from '../broker/contract/topics.ts';
import { makeCommand } from './command.ts';
import { accountText, expectationLines, progressText } from './migration/texts.ts';
import { countBetween } from './parsing/count.ts';
import { parseDuration } from './parsing/duration.ts';
import { parseName } from './parsing/identifiers.ts';
import { sendRequest } from './request.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import { makeLiveLine } from './terminal/liveLine.ts';
import type { Terminal } from './terminal/terminal.ts';

interface MigrateOptions extends SiteOptions {
  to: string;
  technique?: 'auto' | Migration['technique'];
  downtimeMs?: number;
  force?: boolean;
  ifGeneration?: number;
  dryRun?: boolean;
  timeout?: number;
}

type Migration = MessageOf<'nodeMigrationEvent'>;

/** `tagalong migrate`. */
export function migrateCommand(terminal: Terminal): Command {
  const command = makeCommand(
    'migrate <container>',
    'move a running container to another node',
    'tagalong migrate web --to ap2',
  )
    .requiredOption('--to <node>', 'the node that shall have it', parseName)
    .addOption(new Option('--technique <name>', 'how its memory moves').choices(['auto', ...techniqueSchema.options]))
    .option('--downtime-ms <number>', 'the pause to aim at (default: 300)', countBetween(1, 600_000))
    .option('--force', 'also when it is pinned')
    .option(
      '--if-generation <number>',
      'only if the container is still at this generation',
      countBetween(0, Number.MAX_SAFE_INTEGER),
    )
    .option('--timeout <duration>', 'how long to wait for the end (default: 10min)', parseDuration)
    .option('--dry-run', 'only say what would happen');
  return withSiteOptions(command).action(async (name: string, options: MigrateOptions) => {
    await withSite(options, (connection) => migrate(terminal, connection, parseName(name), options));
  });
}

async function migrate(terminal: Terminal, connection: SiteConnection, container: string, options: MigrateOptions) {
  const id = randomUUID();
  const line = makeLiveLine(terminal);
  let migrationId: string | undefined;
  let last: Migration | undefined;
  const hear = ({ message }: { message: Migration | undefined }) => {
    if (message === undefined || message.container !== container) return;
    if (migrationId !== undefined && message.id !== migrationId) return;
    last = message;
    if (!options.json) line.show(progressText(message));
  };
  const unsubscribe = await connection.subscribe('nodeMigrationEvent', {}, hear);
  try {
    const response = await sendRequest(
      connection,
      'migrate',
      {
        id,
        container,
        to: options.to,
        trigger: 'manual',
        ...(options.technique === undefined ? {} : { technique: options.technique }),
        ...(options.downtimeMs === undefined ? {} : { downtimeMs: options.downtimeMs }),
        ...(options.force ? { force: true } : {}),
        ...(options.ifGeneration === undefined ? {} : { ifGeneration: options.ifGeneration }),
        ...(options.dryRun ? { dryRun: true } : {}),
      },
      {
        finishMs: options.timeout ?? 600_000,
        onAccepted: (accepted) => {
          migrationId = accepted.migration;
        },
      },
    );
    line.clear();
    if (options.json) terminal.json({ response, ...(last === undefined ? {} : { migration: last }) });
    else if (options.dryRun) printAll(terminal, expectationLines(container, options.to, response.result ?? {}));
    else if (last?.phase === 'completed') printAll(terminal, accountText(last).split('\n'));
    else terminal.print(`${container} moved to ${options.to}`);
  } finally {
    line.clear();
    await unsubscribe();
  }
}

function printAll(terminal: Terminal, lines: readonly string[]): void {
  for (const line of lines) terminal.print(line);
}
