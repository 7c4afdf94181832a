import { z } from 'zod';
import { TagalongError } from '../../broker/contract/errors.ts';
import { idSchema } from '../../broker/contract/ids.ts';
import { ByteReader, broken, readHeader } from '../channel/records.ts';
import { type Bases, baseIdentitySchema } from '../memory/bases.ts';
import { decodePages, type PageHeader, pageHeaderSchemas, runsOf } from '../memory/pageRecords.ts';
import { without } from '../memory/pageSet.ts';
import type { PageStore } from '../memory/pageStore.ts';

export const roundHeadSchema = baseIdentitySchema.extend({
  kind: z.literal('round'),
  sizeBytes: z.literal(0),
  /** It begins with nothing: what is here under another identity is of no use. */
  isNew: z.boolean(),
  /** Who sends it. */
  from: idSchema,
});
export type RoundHead = z.output<typeof roundHeadSchema>;

/** What the destination answers. */
export const roundTakenSchema = z.object({ sequence: z.int().nonnegative() });

const recordSchema = z.discriminatedUnion('kind', [
  ...pageHeaderSchemas,
  z.object({ kind: z.literal('end'), sizeBytes: z.literal(0) }),
]);

/** Takes a batch of pages into a store. @throws TagalongError `transfer-failed` where it is not as its header says */
export function takePages(header: PageHeader, content: Buffer, store: PageStore): void {
  if (header.kind === 'zero') for (const run of runsOf(header)) store.zero(run);
  else if (header.kind === 'pages')
    for (const { run, bytes } of decodePages(header, content, store)) store.write(run, bytes);
  else if (without(runsOf(header), store).length > 0) throw broken('it takes pages for known that are not here');
}

/** A round that brings less tells of set-up, not of throughput. */
const tellingBytes = 1 << 20;

/**
 * Takes in one round of a container's memory, which runs elsewhere.
 *
 * @param onRate - told how fast it came, where that can be told: the way back is most often as wide
 * @returns the sequence of the base afterwards
 * @throws TagalongError `bad-image` where it builds on a base that is not here, `transfer-failed` where it breaks off, or
 *   another one has begun meanwhile: what is known of the memory is as before then, but for pages that the source knows of
 */
export async function takeRound(
  container: string,
  input: AsyncIterable<Buffer>,
  bases: Bases,
  onRate: (from: string, bytesPerSecond: number) => void,
): Promise<{ sequence: number }> {
  const reader = new ByteReader(input);
  const startedMs = performance.now();
  let bytes = 0;
  const { id, sequence, isNew, from } = await readHeader(reader, roundHeadSchema);
  const base =
    bases.open(container, { id, sequence }) ?? (isNew && sequence === 0 ? bases.create(container, id) : undefined);
  if (base === undefined)
    throw new TagalongError('bad-image', { file: `the base of ${container}`, problem: 'the nodes do not agree on it' });
  const claim = bases.claim(container);
  try {
    for (;;) {
      const header = await readHeader(reader, recordSchema);
      const content = await reader.exactly(header.sizeBytes);
      claim.check();
      bytes += header.sizeBytes;
      if (header.kind === 'end') break;
      takePages(header, content, base.store);
    }
    base.advance();
    if (bytes >= tellingBytes) onRate(from, (bytes / (performance.now() - startedMs)) * 1000);
  } finally {
    claim.end();
  }
  return { sequence: base.identity.sequence };
}
