import { z } from 'zod';
import { idSchema, instantSchema } from '../../broker/contract/ids.ts';
import { containerSpecSchema } from '../containers/record.ts';

/** What stands in the metadata of every version, so that a later one can be told from a broken one. */
const formatSchema = z.object({ format: z.literal('tagalong-checkpoint'), version: z.int().positive() });

/** The version that this program writes, and the only one that it reads. */
export const formatVersion = 1;

const partSchema = z.object({
  name: z.string(),
  sizeBytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
/** One file in an archive. */
export type Part = z.output<typeof partSchema>;

/** What an archive says of itself: its member `metadata.json`. */
export const metadataSchema = z.object({
  format: z.literal('tagalong-checkpoint'),
  version: z.literal(formatVersion),
  createdAt: instantSchema,
  /** All that the container is apart from where it runs, its image's digest and reference among it. */
  spec: containerSpecSchema,
  generation: z.int().nonnegative(),
  /** Whether the container ran on. If not, its open connections stand still until it is restored. */
  leftRunning: z.boolean(),
  /** Resident when it was frozen. */
  memoryBytes: z.int().nonnegative(),
  /** Content of its own files. */
  fileBytes: z.int().nonnegative(),
  node: idSchema,
  architecture: z.string(),
  kernel: z.string(),
  pageSizeBytes: z.int().positive(),
  cpuFeatures: z.array(z.string()),
  cgroup: z.string(),
  criuVersion: z.string(),
  runcVersion: z.string(),
  /** Paths in `state.tar` that were gone when the container was frozen. */
  removed: z.array(z.string()),
  /** Every other member but the metadata's own digest, in order. */
  parts: z.array(partSchema),
});
export type Metadata = z.output<typeof metadataSchema>;

/**
 * Reads the metadata of an archive.
 *
 * @param text - the content of its member `metadata.json`
 * @param refuse - makes the error from a sentence about the archive
 * @throws what `refuse` makes, naming the field
 */
export function readMetadata(text: string, refuse: (problem: string) => Error): Metadata {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw refuse('its metadata is not JSON');
  }
  const format = formatSchema.safeParse(raw);
  if (!format.success) throw refuse('it is not a checkpoint of Tagalong');
  if (format.data.version !== formatVersion)
    throw refuse(`it is of version ${format.data.version}, and this Tagalong reads version ${formatVersion}`);
  const checked = metadataSchema.safeParse(raw);
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  throw refuse(`its metadata is not valid: ${issue?.path.join('.')}: ${issue?.message}`);
}
