import { randomUUID } from 'node:crypto';
import { connectToSite, type SiteConnection } from '../../broker/connection.ts';
import { makeLog } from '../../host/log.ts';
import { accessOf, type SiteAccess, type SiteOptions } from './options.ts';

/** Connects as a client of its own: several commands may run at once under one user name. */
export async function connectWith(access: SiteAccess): Promise<SiteConnection> {
  return await connectToSite({ ...access, clientId: `cli-${randomUUID()}`, log: makeLog('cli', 'error') });
}

/**
 * Does something with a connection to the site that the options name, and closes it afterwards.
 *
 * @throws TagalongError `broker-unreachable`, `not-authorized`, and what `work` throws
 */
export async function withSite<T>(options: SiteOptions, work: (connection: SiteConnection) => Promise<T>): Promise<T> {
  const connection = await connectWith(await accessOf(options));
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
