import type { Command } from 'commander';
import type { SiteConnection } from '../broker/connection.ts';
import type { MessageOf, TopicName } from '../broker/contract/topics.ts';
import { makeCommand } from './command.ts';
import { progressText } from './migration/texts.ts';
import { withSite } from './site/connect.ts';
import { type SiteOptions, withSiteOptions } from './site/options.ts';
import { bytesText, durationText } from './terminal/quantities.ts';
import type { Style } from './terminal/style.ts';
import { printable } from './terminal/table.ts';
import type { Terminal } from './terminal/terminal.ts';

/** A line of the watch, and what it means. */
export interface WatchLine {
  text: string;
  meaning: keyof Style;
}

type Watched = 'nodeState' | 'nodeClientEvent' | 'decision' | 'nodeMigrationEvent' | 'audit';

/** How each watched topic reads as one line; the parameters are those of its topic. */
const lineOf: { [T in Watched]: (message: MessageOf<T>, parameters: Record<string, string>) => WatchLine } = {
  nodeState: (state, { node = '' }) => ({
    text: `node ${node} is ${state.status}${state.reason === undefined ? '' : `: ${state.reason}`}`,
    meaning: state.status === 'online' ? 'good' : state.status === 'offline' ? 'bad' : 'caution',
  }),
  nodeClientEvent: (event) => ({
    text: `client ${event.mac} ${event.event === 'associated' ? 'associated with' : 'left'} ${event.node}`,
    meaning: 'name',
  }),
  decision: (decision) => ({
    text: `${decision.policy}: ${decision.verdict} ${decision.container}${decision.to === undefined ? '' : ` to ${decision.to}`}: ${decision.explanation} [${decision.reasons.join(', ')}]`,
    meaning: decision.verdict === 'refuse' ? 'bad' : decision.verdict === 'hold' ? 'caution' : 'heading',
  }),
  nodeMigrationEvent: (migration) => {
    const cost = [
      migration.downtimeMs === undefined ? '' : `, frozen ${durationText(migration.downtimeMs)}`,
      migration.phase === 'completed' && migration.totalMs !== undefined
        ? `, total ${durationText(migration.totalMs)}, ${bytesText(migration.sentBytes)} sent`
        : '',
      migration.error === undefined ? '' : `: ${migration.error.message}`,
    ].join('');
    return {
      text: `migration of ${progressText(migration)} (${migration.trigger})${cost}`,
      meaning: migration.phase === 'completed' ? 'good' : migration.phase === 'failed' ? 'bad' : 'quiet',
    };
  },
  audit: (audit) => ({
    text: `${audit.client} may not ${audit.action} ${audit.topic}: ${audit.reason}`,
    meaning: 'bad',
  }),
};

/** The line for one message. What comes from elsewhere is made harmless for a terminal. */
export function watchLine<T extends Watched>(
  name: T,
  message: MessageOf<T>,
  parameters: Record<string, string>,
): WatchLine {
  const { text, meaning } = lineOf[name](message, parameters);
  return { text: printable(text), meaning };
}

function clock(at: string): string {
  return new Date(at).toISOString().slice(11, 23);
}

async function follow(terminal: Terminal, connection: SiteConnection, json: boolean): Promise<void> {
  const watch = async <T extends Watched>(name: T) => {
    await connection.subscribe(name, {}, ({ message, parameters, topic }) => {
      if (message === undefined) return;
      if (json) {
        terminal.json({ kind: name satisfies TopicName, topic, message }, 'line');
        return;
      }
      const { text, meaning } = watchLine(name, message, parameters);
      terminal.print(`${terminal.style.quiet(clock((message as { at: string }).at))} ${terminal.style[meaning](text)}`);
    });
  };
  await Promise.all([
    watch('nodeState'),
    watch('nodeClientEvent'),
    watch('decision'),
    watch('nodeMigrationEvent'),
    watch('audit'),
  ]);
  connection.onLost(() => terminal.remark('the connection to the broker is lost; trying again'));
  connection.onReconnected(() => terminal.remark('connected to the broker again'));
}

/** `tagalong watch`. */
export function watchCommand(terminal: Terminal): Command {
  const command = makeCommand(
    'watch',
    'follow the site live: associations, decisions with their reasons, migrations',
    'tagalong watch\ntagalong watch --json | jq -c .message',
  );
  return withSiteOptions(command).action(async (options: SiteOptions) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    await withSite(options, async (connection) => {
      await follow(terminal, connection, options.json === true);
      await promise;
    });
  });
}
