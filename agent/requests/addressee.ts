import { TagalongError } from '../../broker/contract/errors.ts';
import type { SiteView } from './siteView.ts';

/** What a request is about, as far as it decides who obeys. */
export interface Subject {
  container?: string | undefined;
  node?: string | undefined;
  migration?: string | undefined;
}

/** `owner` is the node that obeys, where there is one. */
export type Addressee = { kind: 'me' } | { kind: 'other'; owner?: string } | { kind: 'refuse'; error: TagalongError };

/** What this node itself has; it is newer than what the broker says of it. */
export interface Own {
  node: string;
  hasContainer: (name: string) => boolean;
  hasMigration: (id: string) => boolean;
}

/**
 * Who obeys a request, pure: the node that owns what is named. Where nobody does, exactly one node says so: of those that
 * are online the one that comes first in the alphabet. So an answer never depends on the controller.
 */
export function addresseeOf(subject: Subject, own: Own, site: SiteView): Addressee {
  const { container, node, migration } = subject;
  // where both are named the node is meant, and what it has of the container
  if (container !== undefined && node === undefined) {
    if (own.hasContainer(container)) return { kind: 'me' };
    const owner = site.container(container)?.node;
    if (owner === undefined || owner === own.node)
      return nobody(own, site, new TagalongError('unknown-container', { container }));
    return elsewhere(owner, own, site);
  }
  if (node !== undefined) {
    if (node === own.node) return { kind: 'me' };
    if (site.statusOf(node) === undefined) return nobody(own, site, new TagalongError('unknown-node', { node }));
    return elsewhere(node, own, site);
  }
  if (migration !== undefined) {
    if (own.hasMigration(migration)) return { kind: 'me' };
    const conductor = site.conductorOf(migration);
    if (conductor === undefined || conductor === own.node)
      return nobody(own, site, new TagalongError('unknown-migration', { migration }));
    return elsewhere(conductor, own, site);
  }
  return nobody(
    own,
    site,
    new TagalongError('malformed-request', { field: '(the whole message)', problem: 'it names nothing' }),
  );
}

function elsewhere(owner: string, own: Own, site: SiteView): Addressee {
  if (site.answering().includes(owner)) return { kind: 'other', owner };
  return nobody(own, site, new TagalongError('node-offline', { node: owner }));
}

/** Whether this node speaks where nobody is concerned. */
export function isSpokesman(own: Own, site: SiteView): boolean {
  return site.answering().every((node) => own.node <= node);
}

function nobody(own: Own, site: SiteView, error: TagalongError): Addressee {
  return isSpokesman(own, site) ? { kind: 'refuse', error } : { kind: 'other' };
}
