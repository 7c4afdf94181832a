import type { Aedes, Client } from 'aedes';

/** What aedes asks of its store when a will is no longer wanted. */
interface WillStore {
  delWill(owner: { id: string }): Promise<unknown>;
}

interface Internals {
  clients: Record<string, (Client & { will: unknown; _disconnected: boolean }) | undefined>;
  persistence: WillStore;
}

/**
 * Keeps the stored will of a client that is connected.
 *
 * When a client takes its old connection over, aedes stores the new will first and removes the old one afterwards, by
 * the same client id. Without its will a node would seem to be online for ever after it died together with the broker.
 */
export function keepLiveWills(broker: Aedes): void {
  const { clients, persistence } = broker as unknown as Internals;
  const remove = persistence.delWill.bind(persistence);
  persistence.delWill = async (owner) => {
    const client = clients[owner.id];
    const isLive = client !== undefined && !client.closed && !client._disconnected && Boolean(client.will);
    return isLive ? undefined : await remove(owner);
  };
}
