import { InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import { addressSchema, idSchema, macSchema, requestIdSchema } from '../../broker/contract/ids.ts';

function reader(schema: z.ZodType<string>): (text: string) => string {
  return (text) => {
    const checked = schema.safeParse(text);
    if (checked.success) return checked.data;
    throw new InvalidArgumentError(`"${text}": ${checked.error.issues[0]?.message ?? 'is not valid'}.`);
  };
}

/** Names of sites, nodes, containers and stations, as the contract has them. */
export const parseName = reader(idSchema);
/** A MAC address with colons or hyphens, capitals or not. */
export const parseMac = reader(macSchema);
/** An IPv4 address. */
export const parseAddress = reader(addressSchema);
/** The id of a request or migration. */
export const parseRequestId = reader(requestIdSchema);
