import { z } from 'zod';
import { estimateSchema, techniqueSchema } from '../../broker/contract/documents.ts';
import type { MessageOf } from '../../broker/contract/topics.ts';
import { bytesText, durationText } from '../terminal/quantities.ts';
import { printable } from '../terminal/table.ts';

type Migration = MessageOf<'nodeMigrationEvent'>;
type Estimate = z.output<typeof estimateSchema>;

/** One line on how far a migration is. */
export function progressText(migration: Migration): string {
  const { sentBytes, totalBytes } = migration.progress;
  const part = totalBytes === undefined ? '' : ` of ${bytesText(totalBytes)}`;
  const parts = [
    `${migration.container}: ${migration.from} -> ${migration.to}`,
    // the container runs at its destination by now
    migration.phase === 'lazy' ? `runs on ${migration.to}, its memory follows` : migration.phase,
    ...roundText(migration),
    `${bytesText(sentBytes)}${part}`,
  ];
  return parts.join(', ');
}

function roundText({ phase, rounds }: Migration): string[] {
  const last = rounds?.at(-1);
  if (last === undefined || phase !== 'copying') return [];
  return [`round ${rounds?.length}: ${bytesText(last.changedBytes)} changed`];
}

/** One line on what a finished migration cost, and a second one on what was expected, where something was. */
export function accountText(migration: Migration): string {
  const { downtimeMs, totalMs, rounds = [], savedBytes = 0, estimate } = migration;
  const measured = [
    downtimeMs === undefined ? undefined : `frozen ${durationText(downtimeMs)}`,
    totalMs === undefined ? undefined : `total ${durationText(totalMs)}`,
    `${bytesText(migration.sentBytes)} sent`,
    savedBytes === 0 ? undefined : `${bytesText(savedBytes)} were there already`,
    rounds.length === 0 ? undefined : `${rounds.length} ${rounds.length === 1 ? 'round' : 'rounds'} ahead`,
    `${migration.technique} (${migration.techniqueReason})`,
  ].filter((text) => text !== undefined);
  const account = `${migration.container} moved from ${migration.from} to ${migration.to}: ${measured.join(', ')}`;
  return estimate === undefined ? account : `${account}\nexpected: ${costText(estimate)}`;
}

function costText({ downtimeMs, totalMs, sentBytes }: Estimate): string {
  return `frozen ${durationText(downtimeMs)}, total ${durationText(totalMs)}, ${bytesText(sentBytes)} sent`;
}

/** The result of a dry run; a node of another version may say less, or more. */
const expectationSchema = z.object({
  technique: techniqueSchema.optional().catch(undefined),
  techniqueReason: z.string().optional().catch(undefined),
  estimate: estimateSchema.optional().catch(undefined),
  memoryBytes: z.number().optional().catch(undefined),
  fileBytes: z.number().optional().catch(undefined),
  lacksImage: z.boolean().optional().catch(undefined),
});

/**
 * What a move would be, for people: a heading, and a line for each thing that is known.
 *
 * @param result - of the response to a dry run
 */
export function expectationLines(container: string, to: string, result: Record<string, unknown>): string[] {
  const { technique, techniqueReason, estimate, memoryBytes, fileBytes, lacksImage } = expectationSchema.parse(result);
  const used = technique ?? estimate?.technique;
  const rows: [string, string | undefined][] = [
    ['technique', used === undefined ? undefined : `${used}${techniqueReason ? ` (${techniqueReason})` : ''}`],
    ['expected downtime', estimate && durationText(estimate.downtimeMs)],
    ['expected wait after it', estimate?.waitingMs === undefined ? undefined : durationText(estimate.waitingMs)],
    ['expected total', estimate && durationText(estimate.totalMs)],
    ['expected to be sent', estimate && bytesText(estimate.sentBytes)],
    ['memory now', memoryBytes === undefined ? undefined : bytesText(memoryBytes)],
    ['own files', fileBytes === undefined ? undefined : bytesText(fileBytes)],
    ['image', lacksImage === undefined ? undefined : lacksImage ? `${to} lacks it` : `${to} has it`],
  ];
  const known = rows.filter((row): row is [string, string] => row[1] !== undefined);
  const width = Math.max(0, ...known.map(([name]) => name.length));
  return [
    `${container} could move to ${to}`,
    ...known.map(([name, text]) => `  ${name.padEnd(width)}  ${printable(text)}`),
  ];
}
