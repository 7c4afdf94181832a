import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connectToSite, type SiteConnection } from '../broker/connection.ts';
import { topicOf } from '../broker/contract/address.ts';
import type { DraftOf } from '../broker/contract/topics.ts';
import { keepAddress } from '../host/bridge.ts';
import { gracePeriodsNote, makeGracePeriods } from '../host/gracePeriods.ts';
import type { Logger } from '../host/log.ts';
import { type Associations, startAssociations } from './association/associations.ts';
import { makePeers } from './channel/peers.ts';
import { startDataPlane } from './channel/server.ts';
import { openCheckpoints } from './checkpoints/checkpoints.ts';
import type { AgentConfiguration } from './configuration.ts';
import { openContainers } from './containers/containers.ts';
import { containerDocument } from './containers/document.ts';
import { makeImageStore } from './containers/imageStore.ts';
import { makeKeptState } from './containers/keptState.ts';
import { openLeftGates } from './containers/leftGates.ts';
import { startUpkeep, type Upkeep } from './containers/upkeep.ts';
import { openDrain } from './drain.ts';
import { probeCapabilities } from './health/capabilities.ts';
import { describeNode } from './health/describeNode.ts';
import { readDisk } from './health/readings.ts';
import { startTelemetry } from './health/telemetry.ts';
import { prepareCodec } from './images/prepareCodec.ts';
import { openBases } from './memory/bases.ts';
import { makeDoubts } from './migration/doubts.ts';
import { openExperience } from './migration/experience.ts';
import { makeIncoming } from './migration/incoming.ts';
import { watchOrphans } from './migration/orphans.ts';
import { openOutcomes } from './migration/outcomes.ts';
import { makeOutgoing } from './migration/outgoing.ts';
import type { PageSupply } from './migration/pageSupply.ts';
import { makePreparations } from './migration/preparations.ts';
import { presentFacts } from './migration/presentFacts.ts';
import { rehearse } from './migration/rehearse.ts';
import { doneSchema, migrationRoutes } from './migration/routes.ts';
import { makeSettling } from './migration/settling.ts';
import { makePublishing } from './publishing.ts';
import { reconcile } from './reconcile.ts';
import { dispatchRequests } from './requests/dispatch.ts';
import { makeReservations } from './requests/reservations.ts';
import { watchSite } from './requests/siteView.ts';
import { verbTable } from './requests/verbs/table.ts';
import { standDown } from './standDown.ts';
import { agentVersion } from './version.ts';

/** How long the end waits for the broker. */
const farewellMs = 2000;

/** A running agent. */
export interface Agent {
  /** Ends in order: moves under way are cancelled or finished, containers run on, the node says that it is offline. */
  stop(): Promise<void>;
}

function connect(configuration: AgentConfiguration, session: string, log: Logger): Promise<SiteConnection> {
  const { site, node, broker } = configuration;
  const lost: DraftOf<'nodeState'> = { status: 'offline', session, reason: 'lost', at: new Date().toISOString() };
  return connectToSite({
    url: broker.url,
    site,
    clientId: node,
    log,
    connectTimeoutMs: 30_000,
    will: { topic: topicOf(site, 'nodeState', { node }), payload: JSON.stringify(lost) },
    ...(broker.username === undefined ? {} : { username: broker.username }),
    ...(broker.password === undefined ? {} : { password: broker.password }),
  });
}

/**
 * Starts the daemon of one node.
 * @throws TagalongError `broker-unreachable`, `not-authorized`, or what the node lacks
 */
export async function startAgent(configuration: AgentConfiguration, log: Logger): Promise<Agent> {
  const { node, dataDirectory, runDirectory } = configuration;
  const session = randomUUID();
  for (const path of [dataDirectory, runDirectory, join(dataDirectory, 'images'), join(dataDirectory, 'kept')])
    await mkdir(path, { recursive: true, mode: 0o700 });
  await keepAddress(configuration.bridge);
  const probe = await probeCapabilities();
  const connection = await connect(configuration, session, log);
  const site = await watchSite(connection);
  const publishing = makePublishing(connection, node, log);

  const images = makeImageStore(join(dataDirectory, 'images'));
  let upkeep: Upkeep | undefined;
  const outcomes = await openOutcomes(join(runDirectory, 'outcomes'));
  const documentOf = (name: string) => {
    const record = containers.get(name);
    const migration = outgoing.migrationOf(name);
    return record === undefined
      ? undefined
      : containerDocument(record, node, {
          prepared: preparations
            .of(name)
            .flatMap(({ to, at, baseBytes }) =>
              at === undefined ? [] : [{ node: to, at: at.toISOString(), baseBytes }],
            ),
          ...(migration === undefined ? {} : { migration }),
        });
  };
  let lookWhetherOvertaken: ((container: string) => void) | undefined;
  const publishContainer = (name: string) => {
    publishing.container(name, documentOf(name));
    lookWhetherOvertaken?.(name);
  };
  const containers = await openContainers({
    configuration,
    images,
    log,
    onChange: publishContainer,
    isBusy: (name) => outgoing.migrationOf(name) !== undefined || checkpoints.fileOf(name) !== undefined,
  });
  const endpointOf = (peer: string) => site.info(peer)?.dataPlane;
  const peers = makePeers({
    endpointOf,
    known: () => site.answering().filter((peer) => peer !== node),
    log,
  });
  const drain = await openDrain(dataDirectory, () => publishState());
  const facts = () =>
    presentFacts({ configuration, probe, containers: () => containers.list().length, isDraining: drain.isOn });
  const { pageSizeBytes: pageBytes } = probe;
  const quotaBytes = configuration.keptMemoryBytes ?? Math.floor(probe.memoryBytes / 4);
  const bases = openBases(join(runDirectory, 'bases'), pageBytes, quotaBytes);
  const { diskBytes } = await readDisk(dataDirectory);
  const keptState = makeKeptState(join(dataDirectory, 'kept'), configuration.keptFilesBytes ?? diskBytes / 10);
  const stoppingSettling = new AbortController();
  const settling = makeSettling({ runDirectory, containers, bases, log, stopping: stoppingSettling.signal });
  const gracePeriods = makeGracePeriods(join(dataDirectory, gracePeriodsNote));
  const incoming = makeIncoming({
    configuration,
    containers,
    images,
    bases,
    outcomes,
    settling,
    keptState,
    gracePeriods,
    packetHold: probe.packetHold,
    pageBytes,
    endpointOf,
    log,
  });
  const supplies = new Map<string, PageSupply>();
  const preparations = makePreparations({
    node,
    containers,
    images,
    peers,
    bases,
    pageBytes,
    log,
    onChange: publishContainer,
  });
  const experience = await openExperience(dataDirectory);
  const doubts = makeDoubts();
  const outgoing = makeOutgoing({
    configuration,
    containers,
    images,
    bases,
    supplies,
    keptState,
    preparations,
    experience,
    gracePeriods,
    doubts,
    pageBytes,
    peers,
    facts,
    log,
    onChange: (document, ended) => {
      publishing.migration(document, ended);
      publishContainer(document.container);
    },
    onIdle: publishContainer,
  });
  const checkpoints = await openCheckpoints({
    configuration,
    containers,
    images,
    facts,
    runcVersion: probe.runcVersion,
    log,
  });
  await openLeftGates(join(runDirectory, 'migrations'));
  await reconcile(containers, outcomes, { bridge: configuration.bridge, hasPager: settling.hasPager }, log);
  await settling.endLeft();

  const { isActive } = outgoing;
  const routes = migrationRoutes({
    incoming,
    containers,
    images,
    bases,
    supplies,
    facts,
    isActive,
    onRate: peers.noteRate,
  });
  const stopWatching = watchOrphans(incoming, peers, log);
  const dataPlane = await startDataPlane({ ...configuration.dataPlane, routes, log });
  const associations: Associations | undefined =
    configuration.accessPoint === undefined
      ? undefined
      : await startAssociations({ node, session, accessPoint: configuration.accessPoint, connection, log });
  const stations = () => associations?.stations() ?? [];
  const describe = () =>
    describeNode({ configuration, session, probe, radios: associations?.radios() ?? [], agentVersion });

  let stopping = false;
  const publishState = async () => {
    if (stopping) return; // a reconnection must not make it online after its farewell
    const status = drain.isOn() ? 'draining' : 'online';
    await connection.publish('nodeState', { node }, { status, session, at: new Date().toISOString() });
  };
  /** State last: who sees a node online finds all else in place. */
  const publishAll = async () => {
    await connection.publish('nodeInfo', { node }, describe());
    for (const record of containers.list()) publishContainer(record.spec.name);
    for (const document of outgoing.active()) publishing.migration(document, false);
    await publishing.settled();
    await associations?.republish();
    await publishState();
  };
  const has = {
    /** A container that was seen elsewhere with a higher generation has left, though its remains may still be here. */
    container: (name: string) => {
      const record = containers.get(name);
      return record !== undefined && (site.container(name)?.generation ?? 0) <= record.generation;
    },
    migration: isActive,
  };
  await dispatchRequests({
    connection,
    site,
    log,
    own: { node, hasContainer: has.container, hasMigration: has.migration },
    handlers: verbTable({
      configuration,
      containers,
      images,
      outgoing,
      doubts,
      preparations,
      forgetMemory: bases.drop,
      async dropBase(peer, container) {
        await peers.ask(peer, 'POST', `/v1/bases/${container}/drop`, {}, doneSchema);
      },
      checkpoints,
      reservations: makeReservations({ configuration, containers, site, isDraining: drain.isOn }),
      facts,
      site,
      drain,
      documentOf,
      published: publishing.settled,
      describeSelf: () => ({
        info: describe(),
        draining: drain.isOn(),
        containers: containers.list().map(({ spec }) => spec.name),
        links: peers.links(),
      }),
    }),
  });
  // before the first time: a broker that restarts in between may have forgotten what it was told
  connection.onReconnected(() => {
    publishAll().catch((error: unknown) => log.error({ err: error }, 'after the reconnection'));
  });
  await clearEarlier(connection, node, has, log);
  const isMoving = (name: string) => outgoing.migrationOf(name) !== undefined;
  lookWhetherOvertaken = standDown({ node, site, containers, isMoving, log });
  await publishAll();
  upkeep = startUpkeep({
    containers,
    everyMs: configuration.telemetryMs,
    log,
    onMemory: publishContainer,
  });
  const telemetry = startTelemetry({
    session,
    everyMs: configuration.telemetryMs,
    connection,
    node,
    dataDirectory,
    containers: () => containers.list().length,
    links: () => peers.links(),
    stations,
    log,
  });
  const resuming = outgoing
    .resume()
    .catch((error: unknown) => log.error({ err: error }, 'what an earlier run left could not be finished'));
  settling
    .resume()
    .catch((error: unknown) => log.info({ err: error }, 'the memory of a container was still being brought in'));
  prepareCodec(); // not while a container is frozen
  await rehearse(join(runDirectory, 'rehearsal'), pageBytes).catch((error: unknown) =>
    log.info({ err: error }, 'the first move will take a little longer'),
  );
  log.info({ node, session }, 'agent started');

  return {
    async stop() {
      stopping = true;
      stopWatching();
      await telemetry.stop();
      await preparations.stopAll();
      await Promise.all([outgoing.stop(), checkpoints.stop()]);
      stoppingSettling.abort(new Error('the agent stops'));
      await resuming;
      await associations?.stop();
      const leave = async () => {
        await publishing.settled();
        const at = new Date().toISOString();
        await connection.publish('nodeState', { node }, { status: 'offline', session, reason: 'stopped', at });
      };
      // a broker that is away must not hold up the end; it publishes the will itself
      await Promise.race([leave().catch(() => undefined), wait(farewellMs)]);
      upkeep?.stop();
      containers.close();
      gracePeriods.close();
      peers.close();
      await dataPlane.close();
      await connection.close();
    },
  };
}

/**
 * Clears retained documents that an earlier run of this node left and that are no longer true, whenever the broker brings
 * them: at the start, and after it was away.
 */
async function clearEarlier(
  connection: SiteConnection,
  node: string,
  has: { container: (name: string) => boolean; migration: (id: string) => boolean },
  log: Logger,
): Promise<void> {
  const cleared = (work: Promise<void>) => {
    work.catch((error: unknown) => log.warn({ err: error }, 'an old document could not be cleared'));
  };
  await connection.subscribe('nodeContainer', { node }, ({ parameters: { name }, message, retained }) => {
    if (retained && message !== undefined && !has.container(name))
      cleared(connection.publish('nodeContainer', { node, name }, undefined));
  });
  await connection.subscribe('nodeMigration', { node }, ({ parameters: { id }, message, retained }) => {
    if (retained && message !== undefined && !has.migration(id))
      cleared(connection.publish('nodeMigration', { node, id }, undefined));
  });
}
