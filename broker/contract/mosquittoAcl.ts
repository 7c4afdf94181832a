import { readableFilter, writableFilter } from './acl.ts';
import { type Role, topicNames } from './topics.ts';

export interface AclUser {
  name: string;
  role: Role;
}

/** The lines of one user: one for each row of the contract that it may read or write. */
function linesOf(site: string, { name: user, role }: AclUser): string[] {
  const access = new Map<string, { read: boolean; write: boolean }>();
  const at = (filter: string) => {
    const known = access.get(filter) ?? { read: false, write: false };
    access.set(filter, known);
    return known;
  };
  for (const name of topicNames) {
    const readable = readableFilter(role, user, site, name);
    if (readable !== undefined) at(readable).read = true;
    const writable = writableFilter(role, user, site, name);
    if (writable !== undefined) at(writable).write = true;
  }
  return [...access].map(([filter, { read, write }]) => {
    const kind = read && write ? 'readwrite' : write ? 'write' : 'read';
    return `topic ${kind} ${filter}`;
  });
}

/**
 * The access control list of the contract as the text of a Mosquitto `acl_file`.
 *
 * Mosquitto knows no roles, so each user is written out. It drops what is refused without telling anyone, accepts all
 * subscriptions and filters at delivery; it does not check payloads, nor that a client id belongs to its user.
 */
export function mosquittoAcl(site: string, users: readonly AclUser[]): string {
  const sections = users.map((user) => [`user ${user.name}`, ...linesOf(site, user)].join('\n'));
  return `# made from the contract of Tagalong; changes are lost\n\n${sections.join('\n\n')}\n`;
}
