import type { MessageOf } from '../../../broker/contract/topics.ts';
import { instant, migration as migrationDocument, nodeContainer } from '../documents.ts';
import type { AccessPointModel } from './accessPoint.ts';
import type { ModelBroker } from './broker.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './time.ts';

export interface ContainerModel {
  readonly name: string;
  readonly follows: string;
  node: string;
  generation: number;
  pinned: boolean;
  migration?: string | undefined;
}

/** A request that was obeyed. */
export interface Move {
  container: string;
  to: string;
  requestedAtMs: number;
  completed: boolean;
}

export interface ContainersModel {
  readonly all: readonly ContainerModel[];
  readonly moves: readonly Move[];
  pin(name: string, pinned: boolean): void;
  /** The agent of a node died: its migrations end. */
  crashed(node: string): void;
  /** It is back, and says what it has. */
  started(node: string): void;
  /** From now on nothing is refused or fails without a reason. */
  behave(): void;
}

/** The containers of the model and the agents' side of migrations: obeys requests, with time, refusals and failures. */
export function makeContainers(
  all: ContainerModel[],
  accessPoints: ReadonlyMap<string, AccessPointModel>,
  options: { broker: ModelBroker; time: VirtualTime; random: Random; maxContainers: number },
): ContainersModel {
  const { broker, time, random, maxContainers } = options;
  const moves: Move[] = [];
  let trouble = 0.15;
  const at = (name: string) => {
    const accessPoint = accessPoints.get(name);
    if (!accessPoint) throw new Error(`no access point ${name}`);
    return accessPoint;
  };
  const publish = (container: ContainerModel) => {
    const { name, node, generation, follows, pinned, migration } = container;
    const document = nodeContainer(node, name, generation, { follows, pinned, ...(migration ? { migration } : {}) });
    at(node).say(() => broker.publish('nodeContainer', { node, name }, document));
  };
  const respond = (node: string, id: string, changes: Partial<MessageOf<'response'>>) => {
    const message = {
      id,
      verb: 'migrate' as const,
      status: 'accepted' as const,
      node,
      at: instant(at(node).clockMs()),
    };
    at(node).say(() => broker.publish('response', { verb: 'migrate', id }, { ...message, ...changes }));
  };
  const refusal = (container: ContainerModel, request: MessageOf<'requestMigrate'>): string | undefined => {
    const destination = accessPoints.get(request.to);
    if (Date.parse(request.expiresAt ?? '') < at(container.node).clockMs()) return 'expired-request';
    if (!destination) return 'unknown-node';
    if (container.pinned) return 'container-pinned';
    if (container.migration) return 'container-busy';
    if (container.node === request.to) return 'same-node';
    if (request.ifGeneration !== container.generation) return 'generation-mismatch';
    if (!destination.agentUp()) return 'peer-unreachable';
    if (destination.draining()) return 'node-draining';
    if (all.filter(({ node }) => node === request.to).length >= maxContainers) return 'node-full';
    return random.chance(trouble) ? 'not-enough-memory' : undefined;
  };
  const obey = (container: ContainerModel, request: MessageOf<'requestMigrate'>, id: string) => {
    const { name, node: from, generation } = container;
    const { to } = request;
    const move: Move = { container: name, to, requestedAtMs: time.now(), completed: false };
    const document = migrationDocument(id, name, from, to, { generation });
    container.migration = id;
    respond(from, id, { status: 'accepted', migration: id });
    at(from).say(() => broker.publish('nodeMigration', { node: from, id }, document));
    publish(container);
    const end = (phase: 'completed' | 'failed') => {
      at(from).say(() => broker.publish('nodeMigrationEvent', { node: from, id }, { ...document, phase }));
      at(from).say(() => broker.publish('nodeMigration', { node: from, id }, undefined));
      respond(from, id, { status: phase === 'completed' ? 'done' : 'failed', migration: id });
    };
    time.at(time.now() + random.integer(100, 4000), () => {
      if (container.migration !== id) return; // an agent died meanwhile
      container.migration = undefined;
      if (!at(to).agentUp() || random.chance(trouble)) {
        end('failed');
        publish(container);
        return;
      }
      container.node = to;
      container.generation += 1;
      move.completed = true;
      moves.push(move);
      publish(container);
      at(from).say(() => broker.publish('nodeContainer', { node: from, name }, undefined));
      end('completed');
    });
  };
  broker.subscribe(({ name, message, retained }) => {
    if (name !== 'requestMigrate' || retained) return;
    const request = message as MessageOf<'requestMigrate'>;
    const container = all.find((other) => other.name === request.container);
    if (!container || !request.id || !at(container.node).agentUp()) return;
    const { id } = request;
    const code = refusal(container, request);
    if (code === undefined) return obey(container, request, id);
    const error = { code, message: code, remedy: code };
    respond(container.node, id, { status: 'rejected', error, blockedReasons: [error] });
  });
  all.forEach(publish);
  return {
    all,
    moves,
    pin(name, pinned) {
      const container = all.find((other) => other.name === name);
      if (!container || !at(container.node).agentUp()) return;
      container.pinned = pinned;
      publish(container);
    },
    crashed(node) {
      for (const container of all) if (container.node === node) container.migration = undefined;
    },
    started(node) {
      for (const { name, parameters } of broker.stored()) {
        if (name === 'nodeMigration' && parameters['node'] === node)
          at(node).say(() => broker.publish('nodeMigration', { node, id: parameters['id'] ?? '' }, undefined));
        const elsewhere = all.find((other) => other.name === parameters['name'] && other.node !== node);
        if (name === 'nodeContainer' && parameters['node'] === node && elsewhere)
          at(node).say(() => broker.publish('nodeContainer', { node, name: elsewhere.name }, undefined));
      }
      for (const container of all) if (container.node === node) publish(container);
    },
    behave() {
      trouble = 0;
    },
  };
}
