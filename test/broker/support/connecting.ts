import type { ExecutionContext } from 'ava';
import {
  type ConnectionOptions,
  connectToSite,
  type Received,
  type SiteConnection,
} from '../../../broker/connection.ts';
import type { ParametersOf, TopicName } from '../../../broker/contract/topics.ts';
import { type Mailbox, makeMailbox } from './mailbox.ts';
import { type Person, passwordOf, people, site } from './people.ts';
import { makeSilentLog } from './silentLog.ts';

/** Connects as one of the people; the connection is closed when the test ends. */
export async function connectAs(
  t: ExecutionContext,
  url: string,
  person: Person,
  options: Partial<ConnectionOptions> = {},
): Promise<SiteConnection> {
  const isNode = people.some(({ name, role }) => name === person && role === 'node');
  const connection = await connectToSite({
    url,
    site,
    clientId: isNode ? person : `${person}-${Math.random().toString(36).slice(2)}`,
    username: person,
    password: passwordOf(person),
    log: makeSilentLog(),
    ...options,
  });
  t.teardown(() => connection.close());
  return connection;
}

/** Subscribes, and keeps what is heard. */
export async function hear<T extends TopicName>(
  connection: SiteConnection,
  name: T,
  parameters: Partial<ParametersOf<T>> = {},
): Promise<Mailbox<Received<T>>> {
  const mailbox = makeMailbox<Received<T>>();
  await connection.subscribe(name, parameters, mailbox.put);
  return mailbox;
}
