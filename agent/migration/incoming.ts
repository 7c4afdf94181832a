import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Log } from '../../broker/connection.ts';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { Streaming } from '../../host/command.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { Containers } from '../containers/containers.ts';
import { type HeldPort, holdPort } from '../containers/heldPort.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import type { HoldMethod } from '../containers/packetHold.ts';
import { prepareDirectories, prepareSurroundings } from '../containers/prepare.ts';
import type { ContainerPlace, ContainerSpec } from '../containers/record.ts';
import { mountLine } from '../containers/rootMount.ts';
import {
  criuErrors,
  restoreParameters,
  runcState,
  type WaitingRunc,
  waitingRunc,
  writeCriuConfiguration,
} from '../containers/runc.ts';
import { feed, unpackInto } from '../files/tar.ts';
import { type Barrier, makeBarrier } from './barrier.ts';
import type { Outcome, Outcomes } from './outcomes.ts';
import { readSwitchStream } from './switchStream.ts';

export interface Expected {
  migration: string;
  spec: ContainerSpec;
  /** The generation that the container will have here. */
  generation: number;
  from: string;
}

/** What waits, started, for the container to come. */
interface Ready {
  archive: Streaming;
  runc: WaitingRunc;
  port: HeldPort;
}

interface Arrival extends Expected {
  place: ContainerPlace;
  directory: string;
  barrier?: Barrier;
  ready?: Ready;
  restored?: boolean;
}

/** This node as the destination of migrations. */
export interface Incoming {
  open(expected: Expected): Promise<void>;
  receiveFiles(migration: string, input: Readable): Promise<void>;
  /** Makes ready all that the restore needs, so that nothing is left to do for the frozen time but the restore itself. */
  makeReady(migration: string): Promise<void>;
  /** The container is frozen: what is sent to it comes here from now on, and is kept until it runs. */
  hold(migration: string): Promise<void>;
  /** Receives the frozen container and restores it as far as the barrier. */
  switchOver(migration: string, input: Readable): Promise<{ receiveMs: number; restoreMs: number }>;
  /** The source has given the container up: it runs here from now on. */
  commit(migration: string): Promise<{ resumedAfterMs: number }>;
  /** Gives it up, for good; says so if it was committed before. */
  abort(migration: string): Promise<Outcome['outcome']>;
}

export interface IncomingOptions {
  configuration: AgentConfiguration;
  containers: Containers;
  images: ImageStore;
  outcomes: Outcomes;
  /** How this kernel can keep packets, if it can. */
  packetHold: HoldMethod | undefined;
  log: Log;
}

export function makeIncoming(options: IncomingOptions): Incoming {
  const { configuration, containers, images, outcomes, log } = options;
  const arrivals = new Map<string, Arrival>();

  function arrivalOf(migration: string): Arrival {
    const arrival = arrivals.get(migration);
    if (arrival === undefined) throw new TagalongError('unknown-migration', { migration });
    return arrival;
  }

  async function giveUp(arrival: Arrival): Promise<void> {
    arrivals.delete(arrival.migration);
    arrival.barrier?.answer('no');
    await arrival.ready?.archive.stop();
    await arrival.ready?.runc.cancel();
    await arrival.ready?.port.cancel();
    await arrival.barrier?.close();
    await containers.remove(arrival.spec.name);
    await rm(arrival.directory, { recursive: true, force: true });
  }

  return {
    async open(expected) {
      const { name } = expected.spec;
      if ((await outcomes.get(expected.migration)) !== undefined)
        throw new TagalongError('unknown-migration', { migration: expected.migration });
      const other = [...arrivals.values()].find((arrival) => arrival.spec.name === name);
      if (other !== undefined)
        throw new TagalongError('container-busy', { container: name, migration: other.migration });
      if (containers.get(name) !== undefined)
        throw new TagalongError('container-exists', { container: name, node: configuration.node });
      const directory = join(configuration.runDirectory, 'migrations', expected.migration);
      const place = containers.place(name);
      arrivals.set(expected.migration, { ...expected, place, directory });
      await rm(place.directory, { recursive: true, force: true });
      await mkdir(join(directory, 'images'), { recursive: true, mode: 0o700 });
      await prepareDirectories(expected.spec, place);
      const { spec, generation, migration } = expected;
      await containers.expect({
        spec,
        generation,
        status: 'creating',
        since: new Date().toISOString(),
        arrival: migration,
      });
    },

    async receiveFiles(migration, input) {
      const { place } = arrivalOf(migration);
      const tar = unpackInto(place.state);
      await feed(input, tar);
    },

    async makeReady(migration) {
      const arrival = arrivalOf(migration);
      const { spec, place, directory } = arrival;
      await prepareSurroundings(spec, place);
      arrival.barrier = await makeBarrier(join(directory, 'barrier'));
      await writeCriuConfiguration(place, [`action-script ${arrival.barrier.script}`]);
      const parameters = restoreParameters(spec.name, place, join(directory, 'images'), join(directory, 'work'));
      arrival.ready = {
        archive: unpackInto(place.state),
        runc: await waitingRunc(place, parameters, mountLine(place, images.rootFileSystem(spec.imageDigest))),
        port: await holdPort({ spec, place, bridge: configuration.bridge, method: options.packetHold }),
      };
      arrival.ready.runc.done.catch(() => undefined); // awaited where it matters
    },

    async hold(migration) {
      await arrivalOf(migration).ready?.port.announce();
    },

    async switchOver(migration, input) {
      const arrival = arrivalOf(migration);
      const { ready, barrier, place, spec, directory } = arrival;
      if (ready === undefined || barrier === undefined)
        throw new TagalongError('bug', { problem: 'the destination is not ready' });
      const startedMs = performance.now();
      await readSwitchStream(input, {
        stateDirectory: place.state,
        archive: ready.archive.input,
        imageDirectory: join(directory, 'images'),
      }).then(async ({ archived }) => {
        if (!archived) return;
        ready.archive.input.end();
        await ready.archive.done;
      });
      const receivedMs = performance.now();
      ready.runc.go();
      await Promise.race([
        barrier.reached,
        ready.runc.done.then(
          () => Promise.reject(new TagalongError('bug', { problem: 'the restore passed its barrier unasked' })),
          async (error: unknown) => {
            const said = await criuErrors(join(directory, 'work', 'restore.log'));
            const problem = said || (error instanceof Error ? error.message : String(error));
            throw new TagalongError(
              'restore-failed',
              { container: spec.name, node: configuration.node, problem },
              error,
            );
          },
        ),
      ]);
      arrival.restored = true;
      return { receiveMs: receivedMs - startedMs, restoreMs: performance.now() - receivedMs };
    },

    async commit(migration) {
      const startedMs = performance.now();
      const before = await outcomes.get(migration);
      if (before?.outcome === 'committed') return { resumedAfterMs: 0 };
      const arrival = arrivalOf(migration);
      const { ready, barrier, spec } = arrival;
      if (before !== undefined || !arrival.restored || ready === undefined || barrier === undefined) {
        throw new TagalongError('unknown-migration', { migration });
      }
      const settled = await outcomes.settle({ migration, container: spec.name, outcome: 'committed' });
      if (settled.outcome !== 'committed') throw new TagalongError('unknown-migration', { migration });
      // at once: what is kept must come to sockets that are there, and they are there since the barrier
      const released = ready.port.release();
      barrier.answer('go');
      await Promise.all([
        ready.runc.done,
        released.catch((error: unknown) => log.error({ err: error, container: spec.name }, 'the port is not open')),
      ]);
      const resumedAfterMs = performance.now() - startedMs;
      arrivals.delete(migration);
      void finish(arrival, ready, barrier).catch((error: unknown) =>
        log.error({ err: error, container: spec.name }, 'after the restore'),
      );
      return { resumedAfterMs };
    },

    async abort(migration) {
      const arrival = arrivals.get(migration);
      const settled = await outcomes.settle({ migration, container: arrival?.spec.name ?? '', outcome: 'aborted' });
      if (settled.outcome === 'aborted' && arrival !== undefined) await giveUp(arrival);
      return settled.outcome;
    },
  };

  /** What nobody waits for. */
  async function finish(arrival: Arrival, ready: Ready, barrier: Barrier): Promise<void> {
    const { spec, generation, place, directory } = arrival;
    const pid = (await runcState(spec.name))?.pid;
    await containers.adopt({
      spec,
      generation,
      status: 'running',
      since: new Date().toISOString(),
      ...(pid === undefined ? {} : { pid }),
    });
    ready.archive.input.end();
    await Promise.allSettled([ready.port.end(), barrier.close(), writeCriuConfiguration(place, [])]);
    await rm(directory, { recursive: true, force: true });
  }
}
