import { readFileSync, rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Log } from '../../broker/connection.ts';
import { TagalongError } from '../../broker/contract/errors.ts';
import { waitingIp } from '../../host/ip.ts';
import type { Endpoint } from '../channel/peers.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { Containers } from '../containers/containers.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import { announceCommands, openPortCommands } from '../containers/network.ts';
import { prepareDirectories, prepareSurroundings } from '../containers/prepare.ts';
import { mountLine } from '../containers/rootMount.ts';
import { runcState, writeCriuConfiguration } from '../containers/runc.ts';
import { waitingRestore } from '../containers/waitingRestore.ts';
import { feed, unpackInto } from '../files/tar.ts';
import { readPstree } from '../images/pstree.ts';
import { seedImages, seedNames } from '../images/seed.ts';
import type { Bases } from '../memory/bases.ts';
import { packRuns } from '../memory/pageRecords.ts';
import { makePageSet, type PageSet } from '../memory/pageSet.ts';
import { startPager } from '../pager/startPager.ts';
import type { Arrival, Expected, Ready } from './arrival.ts';
import { assembleImages } from './assemble.ts';
import type { Outcome, Outcomes } from './outcomes.ts';
import { makeParts } from './parts.ts';
import type { ReadyNote } from './readyNote.ts';
import type { Settling } from './settling.ts';
import { readSwitchStream } from './switchStream.ts';
import { takePages } from './takeRound.ts';

/** This node as the destination of migrations. */
export interface Incoming {
  open(expected: Expected): Promise<void>;
  receiveFiles(migration: string, input: Readable): Promise<void>;
  /** Makes ready all that the restore needs, so that nothing is left to do for the frozen time but the restore itself. */
  makeReady(migration: string, told: ReadyNote): Promise<void>;
  /** Receives the frozen container and restores it as far as the barrier. */
  switchOver(migration: string, input: Readable): Promise<{ parts: Record<string, number> }>;
  /** The source has given the container up: it runs here from now on. */
  commit(migration: string): Promise<{ resumedAfterMs: number }>;
  /** Resolves when a container that was committed is known here as one that runs; at once where none is on its way. */
  adopted(migration: string): Promise<void>;
  /** Gives it up, for good; says so if it was committed before. */
  abort(migration: string): Promise<Outcome['outcome']>;
}

export interface IncomingOptions {
  configuration: AgentConfiguration;
  containers: Containers;
  images: ImageStore;
  bases: Bases;
  outcomes: Outcomes;
  settling: Settling;
  pageBytes: number;
  endpointOf: (node: string) => Endpoint | undefined;
  log: Log;
}

export function makeIncoming(options: IncomingOptions): Incoming {
  const { configuration, containers, images, bases, outcomes, settling, pageBytes, log } = options;
  const { node } = configuration;
  const arrivals = new Map<string, Arrival>();
  const finishing = new Map<string, PromiseWithResolvers<void>>();

  function arrivalOf(migration: string): Arrival {
    const arrival = arrivals.get(migration);
    if (arrival === undefined) throw new TagalongError('unknown-migration', { migration });
    return arrival;
  }

  function readyOf(arrival: Arrival): Ready {
    if (arrival.ready === undefined) throw new TagalongError('bug', { problem: 'the destination is not ready' });
    return arrival.ready;
  }

  async function giveUp(arrival: Arrival): Promise<void> {
    const { ready, spec } = arrival;
    arrivals.delete(arrival.migration);
    await ready?.archive.stop();
    // first the pager: a process that is being restored may wait for a page, and CRIU for the process
    await ready?.pager?.cancel();
    await ready?.restore.cancel();
    await Promise.allSettled([ready?.outside.end(), ready?.inside.end()]);
    await ready?.restore.close();
    await containers.remove(spec.name);
    for (const directory of [arrival.directory, ready?.pager?.directory])
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }

  /** Reads the stream of the frozen container. @returns which pages are as they were when it was frozen */
  async function receive(arrival: Arrival, input: Readable): Promise<{ complete: boolean; verified: PageSet }> {
    const { place, spec } = arrival;
    const { archive, restore } = readyOf(arrival);
    for (const name of seedNames) rmSync(join(restore.imageDirectory, name), { force: true });
    const verified = makePageSet();
    const { archived, memoryComplete } = await readSwitchStream(
      input,
      {
        stateDirectory: place.state,
        archive: archive.input,
        unpacked: archive.done,
        imageDirectory: restore.imageDirectory,
      },
      {
        onBase({ id, sequence, isNew }) {
          arrival.base = bases.open(spec.name, { id, sequence }) ?? (isNew ? bases.create(spec.name, id) : undefined);
        },
        onPages(header, content) {
          if (arrival.base === undefined)
            throw new TagalongError('bad-image', { file: spec.name, problem: 'the nodes do not agree on its base' });
          takePages(header, content, arrival.base.store);
          for (const [pid, page, count] of header.runs) verified.add({ pid, page, count });
        },
      },
    );
    if (archived) {
      archive.input.end();
      await archive.done;
    }
    return { complete: memoryComplete, verified };
  }

  return {
    async open(expected) {
      const { name } = expected.spec;
      if ((await outcomes.get(expected.migration)) !== undefined)
        throw new TagalongError('unknown-migration', { migration: expected.migration });
      const other = [...arrivals.values()].find((arrival) => arrival.spec.name === name);
      if (other !== undefined)
        throw new TagalongError('container-busy', { container: name, migration: other.migration });
      if (containers.get(name) !== undefined) throw new TagalongError('container-exists', { container: name, node });
      const directory = join(configuration.runDirectory, 'migrations', expected.migration);
      const place = containers.place(name);
      arrivals.set(expected.migration, { ...expected, place, directory });
      await rm(place.directory, { recursive: true, force: true });
      await mkdir(directory, { recursive: true, mode: 0o700 });
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

    async makeReady(migration, { descriptors, lazy, processes }) {
      const arrival = arrivalOf(migration);
      const { spec, place, directory } = arrival;
      await prepareSurroundings(spec, place);
      const before = mountLine(place, images.rootFileSystem(spec.imageDigest));
      const restore = await waitingRestore({ name: spec.name, node, place, directory, descriptors, before, lazy });
      const { imageDirectory, workDirectory } = restore;
      if (lazy) seedImages(imageDirectory, processes);
      arrival.expectedPids = processes.map(({ pid }) => pid);
      const onState = (problem: string | undefined) => settling.onState(spec.name, problem);
      const pager = lazy
        ? await startPager(settling.directoryOf(migration), { imageDirectory, workDirectory }, onState)
        : undefined;
      arrival.ready = {
        archive: unpackInto(place.state),
        restore,
        pager,
        outside: waitingIp(),
        inside: waitingIp(place.networkNamespace),
      };
    },

    async switchOver(migration, input) {
      const arrival = arrivalOf(migration);
      const { restore, pager } = readyOf(arrival);
      const { spec, from } = arrival;
      const parts = makeParts();
      const { complete, verified } = await receive(arrival, input);
      parts.end('receive');
      if (arrival.base === undefined) throw new TagalongError('bug', { problem: 'the stream named no base' });
      const { pages, lazyPages } = assembleImages(restore.imageDirectory, arrival.base.store, pager !== undefined);
      const pids = readPstree(readFileSync(join(restore.imageDirectory, 'pstree.img'))).map(({ pid }) => pid);
      arrival.pages = pages;
      parts.end('assemble');
      const endpoint = complete ? undefined : options.endpointOf(from);
      const startOver = !isSame(arrival.expectedPids ?? [], pids);
      const order = pager?.begin({
        migration,
        container: spec.name,
        pageBytes,
        storeDirectory: arrival.base.store.directory,
        startOver,
        pages: packRuns(lazyPages),
        verified: packRuns(complete ? lazyPages : verified.runs()),
        ...(endpoint === undefined ? {} : { source: { node: from, ...endpoint } }),
      });
      if (startOver) await order; // the daemon has another socket then
      await Promise.all([order, restore.restore()]);
      parts.end('restore');
      arrival.restored = true;
      return { parts: parts.all() };
    },

    async commit(migration) {
      const startedMs = performance.now();
      const before = await outcomes.get(migration);
      if (before?.outcome === 'committed') return { resumedAfterMs: 0 };
      const arrival = arrivalOf(migration);
      const { ready, place, spec } = arrival;
      if (before !== undefined || !arrival.restored || ready === undefined) {
        throw new TagalongError('unknown-migration', { migration });
      }
      const settled = await outcomes.settle({ migration, container: spec.name, outcome: 'committed' });
      if (settled.outcome !== 'committed') throw new TagalongError('unknown-migration', { migration });
      ready.outside.tell(openPortCommands(place, configuration.bridge));
      ready.inside.tell(announceCommands(spec));
      await ready.restore.letRun();
      const resumedAfterMs = performance.now() - startedMs;
      arrivals.delete(migration);
      const adopted = Promise.withResolvers<void>();
      finishing.set(migration, adopted);
      void finish(arrival, ready, adopted.resolve)
        .catch((error: unknown) => log.error({ err: error, container: spec.name }, 'after the restore'))
        .finally(() => {
          adopted.resolve();
          finishing.delete(migration);
        });
      return { resumedAfterMs };
    },

    async adopted(migration) {
      await finishing.get(migration)?.promise;
    },

    async abort(migration) {
      const arrival = arrivals.get(migration);
      const settled = await outcomes.settle({ migration, container: arrival?.spec.name ?? '', outcome: 'aborted' });
      if (settled.outcome === 'aborted' && arrival !== undefined) await giveUp(arrival);
      return settled.outcome;
    },
  };

  /** What nobody waits for. */
  async function finish(arrival: Arrival, ready: Ready, adopted: () => void): Promise<void> {
    const { spec, generation, place, directory, migration, from, base, pages = [] } = arrival;
    await ready.restore.done;
    const pid = (await runcState(spec.name))?.pid;
    await containers.adopt({
      spec,
      generation,
      status: 'running',
      since: new Date().toISOString(),
      ...(pid === undefined ? {} : { pid }),
      ...(ready.pager === undefined ? {} : { lazy: { migration, from } }),
    });
    adopted();
    // once more, for switches on the way that missed the first announcement
    ready.inside.tell(announceCommands(spec));
    ready.archive.input.end();
    await Promise.allSettled([
      ready.outside.end(),
      ready.inside.end(),
      ready.restore.close(),
      writeCriuConfiguration(place, []),
    ]);
    if (ready.pager !== undefined) await settling.follow(spec.name, migration, ready.pager.end, pages);
    else {
      base?.store.retain(pages);
      base?.advance();
      settling.trim();
    }
    await rm(directory, { recursive: true, force: true });
  }
}

/** The daemon counts the processes that connect to it, whatever their order. */
function isSame(one: readonly number[], other: readonly number[]): boolean {
  const those = new Set(other);
  return one.length === other.length && one.every((pid) => those.has(pid));
}
