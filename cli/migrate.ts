import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import type { SiteConnection } from '../broker/connection.ts';
import { techniqueSchema } from '../broker/contract/documents.ts';
import type { MessageOf } from '../broker/contract/topics.ts';
import { makeCommand } from './command.ts';
import { countBetween } from './parsing/count.ts';
import { parseDuration } from './parsing/duration.ts';
import { parseName } from './parsing/identifiers.ts';
import { sendRequest } from './request.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import { makeLiveLine } from './terminal/liveLine.ts';
import { bytesText, durationText } from './terminal/quantities.ts';
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

/** One line on how far a migration is. */
export function progressText(migration: Migration): string {
  const { sentBytes, totalBytes } = migration.progress;
  const part = totalBytes === undefined ? '' : ` of ${bytesText(totalBytes)}`;
  return `${migration.container}: ${migration.from} -> ${migration.to}, ${migration.phase}, ${bytesText(sentBytes)}${part}`;
}

/** One line on what a finished migration cost. */
export function accountText(migration: Migration): string {
  const measured = [
    migration.downtimeMs === undefined ? undefined : `frozen ${durationText(migration.downtimeMs)}`,
    migration.totalMs === undefined ? undefined : `total ${durationText(migration.totalMs)}`,
    `${bytesText(migration.sentBytes)} sent`,
    `${migration.technique} (${migration.techniqueReason})`,
  ].filter((text) => text !== undefined);
  return `${migration.container} moved from ${migration.from} to ${migration.to}: ${measured.join(', ')}`;
}

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
    else if (options.dryRun) terminal.print(`${container} could move to ${options.to}`);
    else if (last?.phase === 'completed') terminal.print(accountText(last));
    else terminal.print(`${container} moved to ${options.to}`);
  } finally {
    line.clear();
    await unsubscribe();
  }
}
