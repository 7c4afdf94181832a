import { filterOf, locate, rootOf, topicOf } from './address.ts';
import { contains, overlaps } from './filters.ts';
import { type ParametersOf, type Role, type TopicName, type TopicRow, topicNames, topicTable } from './topics.ts';

const nodePrefix = 'node/{node}/';

/** Whether the row belongs to one node, told by its path. */
export function isOfOneNode(name: TopicName): boolean {
  return topicTable[name].pattern.startsWith(nodePrefix);
}

function includes(roles: readonly string[], role: Role): boolean {
  return roles.includes(role);
}

/** The filter of the topics of one row that a user may write, or undefined. */
export function writableFilter(role: Role, user: string, site: string, name: TopicName): string | undefined {
  if (!includes(topicTable[name].writers, role)) return undefined;
  return role === 'node' && isOfOneNode(name) ? ownFilter(site, name, user) : filterOf(site, name);
}

/** The filter of the topics of one row that a user may hear, or undefined. */
export function readableFilter(role: Role, user: string, site: string, name: TopicName): string | undefined {
  const row: TopicRow = topicTable[name];
  if (includes(row.readers, role)) return filterOf(site, name);
  return role === 'node' && isOfOneNode(name) ? ownFilter(site, name, user) : undefined;
}

function ownFilter(site: string, name: TopicName, node: string): string {
  return filterOf(site, name, { node } as Partial<ParametersOf<TopicName>>);
}

/**
 * Whether a user may publish to a topic: it must be one of the contract, in its one spelling, and the user its writer.
 *
 * @param user - the user name; for the role `node` the node's id
 */
export function mayPublish(role: Role, user: string, site: string, topic: string): boolean {
  const place = locate(site, topic);
  if (!place || topicOf(site, place.name, place.parameters as ParametersOf<TopicName>) !== topic) return false;
  const filter = writableFilter(role, user, site, place.name);
  return filter !== undefined && contains(filter, topic);
}

/** Whether a user may leave this topic as the one of its last will. A node's will says that this very node is offline. */
export function mayLeaveWill(role: Role, user: string, site: string, topic: string): boolean {
  if (role === 'node') return topic === topicOf(site, 'nodeState', { node: user });
  const place = locate(site, topic);
  return place !== undefined && !place.name.startsWith('request') && mayPublish(role, user, site, topic);
}

/** Whether a message on this topic may be handed to a user. */
export function mayReceive(role: Role, user: string, site: string, topic: string): boolean {
  const name = locate(site, topic)?.name;
  const filter = name === undefined ? undefined : readableFilter(role, user, site, name);
  return filter !== undefined && contains(filter, topic);
}

/**
 * Whether a user may subscribe to a filter: nothing that the filter can match is outside of the site or hidden from the user.
 * Nothing is ever published on topics that are not in the contract, so only its rows count.
 */
export function maySubscribe(role: Role, user: string, site: string, filter: string): boolean {
  if (!contains(`${rootOf(site)}/#`, filter)) return false;
  return topicNames.every((name) => {
    if (!overlaps(filterOf(site, name), filter)) return true;
    const readable = readableFilter(role, user, site, name);
    if (readable === undefined) return false;
    // a row that is not restricted to one node is readable as a whole
    return readable === filterOf(site, name) || filter.startsWith(`${rootOf(site)}/node/${user}/`);
  });
}
