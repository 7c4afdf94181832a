import { TagalongError } from '../../broker/contract/errors.ts';
import type { AgentConfiguration } from '../configuration.ts';
import { freeAddress } from '../containers/addresses.ts';
import type { Containers } from '../containers/containers.ts';
import type { SiteView } from './siteView.ts';

/** Names and addresses of containers that are about to start on this node: nobody else may take them meanwhile. */
export interface Reservations {
  /** @throws TagalongError `node-draining`, `container-exists` or `node-full` */
  check(name: string): void;
  /**
   * The wanted address, or a free one of this node's range.
   * @throws TagalongError `address-in-use` or `no-address-left`
   */
  addressFor(wanted: string | undefined): string;
  /** @throws TagalongError `container-exists` where somebody was quicker */
  take(name: string, address: string): void;
  release(name: string): void;
}

export function makeReservations(node: {
  configuration: AgentConfiguration;
  containers: Containers;
  site: SiteView;
  isDraining: () => boolean;
}): Reservations {
  const { configuration, containers, site } = node;
  const reserved = new Map<string, string>();
  return {
    check(name) {
      if (node.isDraining()) throw new TagalongError('node-draining', { node: configuration.node });
      const there =
        containers.get(name) !== undefined || reserved.has(name) ? configuration.node : site.container(name)?.node;
      if (there !== undefined) throw new TagalongError('container-exists', { container: name, node: there });
      const count = containers.list().length + reserved.size;
      if (count >= configuration.maxContainers)
        throw new TagalongError('node-full', { node: configuration.node, containers: count });
    },
    addressFor(wanted) {
      const taken = new Map(
        [...site.containers()].flatMap(([name, { address }]) => (address === undefined ? [] : [[address, name]])),
      );
      for (const { spec } of containers.list()) taken.set(spec.address, spec.name);
      for (const [name, address] of reserved) taken.set(address, name);
      if (wanted === undefined)
        return freeAddress(configuration.containerAddresses, new Set(taken.keys()), configuration.node);
      const container = taken.get(wanted);
      if (container !== undefined) throw new TagalongError('address-in-use', { address: wanted, container });
      return wanted;
    },
    take(name, address) {
      if (reserved.has(name))
        throw new TagalongError('container-exists', { container: name, node: configuration.node });
      reserved.set(name, address);
    },
    release: (name) => {
      reserved.delete(name);
    },
  };
}
