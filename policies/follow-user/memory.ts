import { z } from 'zod';

/** What the policy remembers of one container; plain data, published in the policy's state and read back after a restart. */
export const containerMemorySchema = z.object({
  /** Where the container was when last looked at. */
  node: z.string(),
  /** The node that it last left. */
  previous: z.string().optional(),
  /** The client's association when last looked at. */
  association: z.string().optional(),
  /** The association that the container has been placed for, by this policy or by hand. */
  served: z.string().optional(),
  cooldownUntilMs: z.number().optional(),
  /** A migration that was refused or failed, to one destination. */
  failure: z
    .object({ to: z.string(), count: z.number(), retryAtMs: z.number(), codes: z.array(z.string()) })
    .optional(),
  /** A request that this policy issued and that has not ended. */
  pending: z.object({ id: z.string(), to: z.string(), untilMs: z.number() }).optional(),
  /** The container has been missing since. */
  goneSinceMs: z.number().optional(),
});

export type ContainerMemory = Readonly<z.output<typeof containerMemorySchema>>;

/** By container. */
export type Memory = ReadonlyMap<string, ContainerMemory>;

/** Reads the memory of an earlier run; what does not fit is forgotten. */
export function readMemory(stored: Record<string, unknown> | undefined): Memory {
  const memory = new Map<string, ContainerMemory>();
  for (const [name, entry] of Object.entries(stored ?? {})) {
    const checked = containerMemorySchema.safeParse(entry);
    if (checked.success) memory.set(name, checked.data);
  }
  return memory;
}
