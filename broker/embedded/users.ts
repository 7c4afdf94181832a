import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { TagalongError } from '../contract/errors.ts';
import { problemOf } from '../contract/read.ts';
import type { Role } from '../contract/topics.ts';
import { type BrokerConfiguration, type User, usersFileSchema } from './configuration.ts';
import { fitsHash, isSamePassword } from './password.ts';

/** Who a connection is. For the role `node` the user name, the client id and the node's id are the same. */
export interface Identity {
  user: string;
  role: Role;
}

/** Why a connection is refused: the return code of MQTT's CONNACK and the reason for the log. [MQTT-3.2.2-4] */
export interface Refusal {
  returnCode: 2 | 4 | 5;
  reason: string;
}

export interface Credentials {
  clientId: string;
  username: string | undefined;
  password: string | undefined;
}

async function readUsersFile(file: string): Promise<User[]> {
  let content: unknown;
  try {
    content = parse(await readFile(file, 'utf8'));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new TagalongError('bad-configuration', { file, field: '(the whole file)', problem }, error);
  }
  const checked = usersFileSchema.safeParse(content);
  if (!checked.success)
    throw new TagalongError('bad-configuration', { file, ...problemOf(checked.error) }, checked.error);
  return checked.data.users;
}

/**
 * All users of the broker by name.
 * @throws TagalongError `bad-configuration` where the users file is not valid or a name occurs twice
 */
export async function readUsers(configuration: BrokerConfiguration): Promise<ReadonlyMap<string, User>> {
  const { usersFile } = configuration;
  const fromFile = usersFile === undefined ? [] : await readUsersFile(usersFile);
  const users = new Map<string, User>();
  for (const user of [...configuration.users, ...fromFile]) {
    if (users.has(user.name)) {
      const problem = `the user ${user.name} is there twice`;
      throw new TagalongError('bad-configuration', { file: usersFile ?? 'broker', field: 'users', problem });
    }
    users.set(user.name, user);
  }
  return users;
}

const safeClientId = /^[^+#/$\p{Cc}]{1,128}$/u;

/**
 * Who the credentials belong to, or why they are refused.
 *
 * @param anonymous - the role of those who give no user name, or `none`
 */
export async function identify(
  users: ReadonlyMap<string, User>,
  anonymous: BrokerConfiguration['anonymous'],
  { clientId, username, password }: Credentials,
): Promise<Identity | Refusal> {
  if (!safeClientId.test(clientId)) return { returnCode: 2, reason: 'the client id holds characters that it must not' };
  // else anyone could push a node from the broker by taking its client id over
  if (clientId !== username && users.get(clientId)?.role === 'node')
    return { returnCode: 2, reason: `the client id ${clientId} is that of a node` };
  if (username === undefined) {
    if (anonymous === 'none') return { returnCode: 4, reason: 'no user name was given' };
    return { user: 'anonymous', role: anonymous };
  }
  const user = users.get(username);
  if (!user || password === undefined || !(await fits(user, password)))
    return { returnCode: 4, reason: 'bad user name or password' };
  if (user.role === 'node' && clientId !== user.name)
    return { returnCode: 2, reason: `the node ${user.name} must use its name as its client id, not ${clientId}` };
  return { user: user.name, role: user.role };
}

async function fits(user: User, password: string): Promise<boolean> {
  if (user.passwordHash !== undefined) return fitsHash(password, user.passwordHash);
  return user.password !== undefined && isSamePassword(password, user.password);
}
