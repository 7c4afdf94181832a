import type { SiteConnection } from '../../broker/connection.ts';
import type { MessageOf } from '../../broker/contract/topics.ts';

export interface ContainerAt {
  node: string;
  generation: number;
  address: string | undefined;
}

/** What this agent knows of the other nodes, from their retained documents. */
export interface SiteView {
  statusOf(node: string): 'online' | 'draining' | 'offline' | undefined;
  /** Nodes that answer, this one among them. */
  answering(): string[];
  info(node: string): MessageOf<'nodeInfo'> | undefined;
  /** Where a container is, as the highest generation says it. */
  container(name: string): ContainerAt | undefined;
  containers(): Map<string, ContainerAt>;
  /** Calls with the name of each container of which a node says something new. */
  onContainer(listener: (name: string) => void): void;
  /** Which node conducts a migration. */
  conductorOf(migration: string): string | undefined;
}

/** Subscribes to the documents of all nodes and keeps them. */
export async function watchSite(connection: SiteConnection): Promise<SiteView> {
  const states = new Map<string, MessageOf<'nodeState'>>();
  const infos = new Map<string, MessageOf<'nodeInfo'>>();
  const places = new Map<string, Map<string, ContainerAt>>();
  const migrations = new Map<string, string>();
  const listeners: ((name: string) => void)[] = [];

  await connection.subscribe('nodeState', {}, ({ parameters: { node }, message }) => {
    if (message === undefined) states.delete(node);
    else states.set(node, message);
  });
  await connection.subscribe('nodeInfo', {}, ({ parameters: { node }, message }) => {
    if (message === undefined) infos.delete(node);
    else infos.set(node, message);
  });
  await connection.subscribe('nodeContainer', {}, ({ parameters: { node, name }, message }) => {
    const byNode = places.get(name) ?? new Map<string, ContainerAt>();
    if (message === undefined) byNode.delete(node);
    else byNode.set(node, { node, generation: message.generation, address: message.address });
    if (byNode.size === 0) places.delete(name);
    else places.set(name, byNode);
    for (const listener of listeners) listener(name);
  });
  await connection.subscribe('nodeMigration', {}, ({ parameters: { node, id }, message }) => {
    if (message === undefined) migrations.delete(id);
    else migrations.set(id, node);
  });

  const newest = (byNode: Map<string, ContainerAt> | undefined) =>
    [...(byNode?.values() ?? [])].sort((a, b) => b.generation - a.generation)[0];
  return {
    statusOf: (node) => states.get(node)?.status,
    answering: () => [...states].filter(([, state]) => state.status !== 'offline').map(([node]) => node),
    info: (node) => infos.get(node),
    container: (name) => newest(places.get(name)),
    containers: () =>
      new Map(
        [...places].flatMap(([name, byNode]) =>
          newest(byNode) === undefined ? [] : [[name, newest(byNode) as ContainerAt]],
        ),
      ),
    onContainer: (listener) => void listeners.push(listener),
    conductorOf: (migration) => migrations.get(migration),
  };
}
