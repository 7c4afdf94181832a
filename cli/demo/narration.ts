import type { MessageOf } from '../../broker/contract/topics.ts';
import { bytesText, durationText } from '../terminal/quantities.ts';
import type { Style } from '../terminal/style.ts';
import { printable } from '../terminal/table.ts';
import type { ClientReport } from './client.ts';
import type { DemoMigration } from './result.ts';

function measured(ms: number | null): string {
  return ms === null ? 'not measured' : durationText(ms);
}

/** One migration for people: what moved, why, and what the client saw of it. */
export function migrationLines(
  migration: MessageOf<'nodeMigrationEvent'>,
  result: DemoMigration,
  seen: ClientReport,
  faults: readonly string[],
  style: Style,
): string[] {
  const follow = result.trigger === 'manual' ? 'none, moved by hand' : measured(result.followMs);
  const right = (fine: boolean, text: string) => (fine ? style.good(text) : style.bad(text));
  const rows: [string, string][] = [
    ['trigger', `${result.trigger}${migration.reasons.length > 0 ? ` (${migration.reasons.join(', ')})` : ''}`],
    ['technique', `${result.technique}: ${migration.techniqueReason}`],
    ['association to commit', follow],
    ['longest silence at client', measured(result.clientGapMs)],
    ['frozen', measured(result.downtimeMs)],
    ['total time', measured(result.totalMs)],
    ['sent', bytesText(result.sentBytes)],
    ['connection', right(result.connectionSurvived, result.connectionSurvived ? 'survived' : 'lost')],
    [
      'messages',
      right(
        result.lostMessages === 0 && result.duplicatedMessages === 0,
        `${seen.sent} sent, ${result.lostMessages} lost, ${result.duplicatedMessages} doubled`,
      ),
    ],
    [
      'memory',
      right(result.memoryIntact, `${bytesText(seen.memoryBytes)}, checksum ${result.memoryIntact ? 'right' : 'wrong'}`),
    ],
    [
      'files',
      right(
        result.filesIntact,
        `${seen.journalLines} lines, ${result.filesIntact ? 'as expected' : 'not as expected'}`,
      ),
    ],
  ];
  return [
    style.heading(`${result.container}: ${result.from} -> ${result.to}`),
    ...rows.map(
      ([name, text]) => `  ${name.padEnd(26)} ${name === 'trigger' || name === 'technique' ? printable(text) : text}`,
    ),
    ...[...faults, ...(seen.problem === undefined ? [] : [seen.problem])].map(
      (fault) => `  ${style.bad(`not right: ${printable(fault)}`)}`,
    ),
  ];
}
