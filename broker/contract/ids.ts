import { z } from 'zod';

/** Ids of sites, nodes, containers and volumes: safe as a topic level, a file name, a host name and a runC id. */
export const idSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    'must be 1 to 63 lower-case letters, digits or hyphens, not starting with a hyphen',
  );

/** Ids of requests and migrations: as {@link idSchema}, but longer ones and upper case are allowed, as tools make UUIDs. */
export const requestIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/, 'must be 1 to 128 letters, digits, hyphens or underscores');

/** A MAC address as it stands in topics and documents: lower case, with hyphens. Colons and capitals are accepted and rewritten. */
export const macSchema = z
  .string()
  .transform((text) => text.toLowerCase().replaceAll(':', '-'))
  .pipe(z.string().regex(/^[0-9a-f]{2}(-[0-9a-f]{2}){5}$/, 'must be a MAC address such as 02-00-00-00-00-01'));

/** A moment: UTC, RFC 3339. */
export const instantSchema = z.iso.datetime({ offset: true });

/** An IPv4 address. */
export const addressSchema = z.ipv4();

/** The MAC address in the form that Linux tools print and read: lower case, with colons. */
export function macWithColons(mac: string): string {
  return mac.toLowerCase().replaceAll('-', ':');
}

/** The MAC address in the form of the contract: lower case, with hyphens. */
export function macWithHyphens(mac: string): string {
  return mac.toLowerCase().replaceAll(':', '-');
}
