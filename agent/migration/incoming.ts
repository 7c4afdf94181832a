import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Log } from '../../broker/connection.ts';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { GracePeriods } from '../../host/gracePeriods.ts';
import { reserveMemory } from '../../host/memoryReserve.ts';
import type { Endpoint } from '../channel/peers.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { Containers } from '../containers/containers.ts';
import { holdPort } from '../containers/heldPort.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import type { KeptState } from '../containers/keptState.ts';
import type { HoldMethod } from '../containers/packetHold.ts';
import { prepareDirectories, prepareSurroundings } from '../containers/prepare.ts';
import { mountLine } from '../containers/rootMount.ts';
import { hasRuncNotes, runcState, writeCriuConfiguration } from '../containers/runc.ts';
import { waitingRestore } from '../containers/waitingRestore.ts';
import { readEntry, readManifest } from '../files/manifest.ts';
import { writeManifest } from '../files/storedManifest.ts';
import { feed, unpackInto } from '../files/tar.ts';
import { checkImageSet } from '../images/checkSet.ts';
import { readPstree } from '../images/pstree.ts';
import { seedImages, seedNames } from '../images/seed.ts';
import type { BaseIdentity, Bases } from '../memory/bases.ts';
import { packRuns, runsOf, unpackRuns } from '../memory/pageRecords.ts';
import { makePageSet, type PageSet } from '../memory/pageSet.ts';
import { startPager } from '../pager/startPager.ts';
import type { Arrival, Expected, Ready } from './arrival.ts';
import { assembleImages, checkPresent } from './assemble.ts';
import { eagerPages } from './eagerPages.ts';
import { costs } from './estimate.ts';
import type { Outcome, Outcomes } from './outcomes.ts';
import { makeParts } from './parts.ts';
import type { ReadyNote } from './readyNote.ts';
import type { Settling } from './settling.ts';
import { readSwitchStream, removePaths } from './switchStream.ts';
import { takePages } from './takeRound.ts';

/** This node as the destination of migrations. */
export interface Incoming {
  /**
   * @returns what this node has of the container's memory, and whether it has its files as they were when it left by the
   *   migration that is named
   */
  open(expected: Expected): Promise<{ base: BaseIdentity | undefined; hasFiles: boolean }>;
  /** Removes files that it no longer has. */
  removeFiles(migration: string, paths: readonly string[]): Promise<void>;
  receiveFiles(migration: string, input: Readable): Promise<void>;
  /** Makes ready all that the restore needs, so that nothing is left to do for the frozen time but the restore itself. */
  makeReady(migration: string, told: ReadyNote): Promise<void>;
  /** The container is frozen: what is sent to it comes here from now on and is kept until it runs. */
  hold(migration: string): Promise<void>;
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
  keptState: KeptState;
  gracePeriods: GracePeriods;
  /** How packets can be kept here, if they can. */
  packetHold: HoldMethod | undefined;
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

  /** Work for an arrival, which is not given up before it is over. */
  async function during<T>({ underWay }: Arrival, work: Promise<T>): Promise<T> {
    underWay.add(work);
    return await work.finally(() => underWay.delete(work));
  }

  /** By container: those that are being given up. */
  const leaving = new Map<string, Promise<void>>();

  async function giveUp(arrival: Arrival): Promise<void> {
    const { name } = arrival.spec;
    arrivals.delete(arrival.migration);
    const left = removeAll(arrival).finally(() => leaving.delete(name));
    leaving.set(name, left);
    await left;
  }

  async function removeAll(arrival: Arrival): Promise<void> {
    const { spec } = arrival;
    await Promise.allSettled(arrival.underWay); // what it makes or starts has to be ended and removed
    const { ready } = arrival;
    await ready?.archive.stop();
    // together: a restore that waits for a page goes on to its barrier, where it is undone, only when the pager is gone
    await Promise.all([ready?.restore.cancel(), ready?.pager?.cancel()]);
    await ready?.port.cancel();
    await ready?.restore.close();
    bases.release(spec.name); // the pager may have written to it
    await containers.remove(spec.name);
    for (const directory of [arrival.directory, ready?.pager?.directory])
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }

  async function abort(migration: string): Promise<Outcome['outcome']> {
    const container = arrivals.get(migration)?.spec.name ?? '';
    const settled = await outcomes.settle({ migration, container, outcome: 'aborted' });
    const arrival = arrivals.get(migration); // it may have been opened meanwhile
    if (settled.outcome === 'aborted' && arrival !== undefined) await giveUp(arrival);
    return settled.outcome;
  }

  /** Reads the stream of the frozen container. @returns which pages are as they were when it was frozen */
  async function receive(arrival: Arrival, input: Readable): Promise<{ complete: boolean; verified: PageSet }> {
    const { place, spec } = arrival;
    const { archive, restore } = readyOf(arrival);
    for (const name of seedNames) rmSync(join(restore.imageDirectory, name), { force: true });
    const verified = makePageSet();
    const claim = bases.claim(spec.name);
    const { archived, files, memoryComplete } = await readSwitchStream(
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
          claim.check();
          takePages(header, content, arrival.base.store);
          for (const run of runsOf(header)) verified.add(run);
        },
      },
    ).finally(claim.end);
    if (archived) {
      archive.input.end();
      await archive.done;
    }
    await noteFiles(arrival, files);
    return { complete: memoryComplete, verified };
  }

  return {
    async open(expected) {
      const { name } = expected.spec;
      await leaving.get(name)?.catch(() => undefined);
      if ((await outcomes.get(expected.migration)) !== undefined)
        throw new TagalongError('unknown-migration', { migration: expected.migration });
      const other = [...arrivals.values()].find((arrival) => arrival.spec.name === name);
      // a source has one move of a container at a time: where it begins another one, it does not know of the earlier any more
      const isOver = other?.from === expected.from && (await abort(other.migration)) === 'aborted';
      if (other !== undefined && !isOver)
        throw new TagalongError('container-busy', { container: name, migration: other.migration });
      if (containers.get(name) !== undefined) throw new TagalongError('container-exists', { container: name, node });
      const directory = join(configuration.runDirectory, 'migrations', expected.migration);
      const place = containers.place(name);
      const arrival: Arrival = { ...expected, place, directory, underWay: new Set() };
      arrivals.set(expected.migration, arrival);
      // an abort that came meanwhile has not seen it; one that comes from now on will
      if ((await outcomes.get(expected.migration)) !== undefined) {
        arrivals.delete(expected.migration);
        throw new TagalongError('unknown-migration', { migration: expected.migration });
      }
      return await during(arrival, makeRoom(arrival));
    },

    async removeFiles(migration, paths) {
      await removePaths(arrivalOf(migration).place.state, paths);
    },

    async receiveFiles(migration, input) {
      const arrival = arrivalOf(migration);
      await during(arrival, feed(input, unpackInto(arrival.place.state)));
    },

    async makeReady(migration, note) {
      const arrival = arrivalOf(migration);
      await during(arrival, startAhead(arrival, note));
    },

    async hold(migration) {
      options.gracePeriods.hasten();
      await arrivalOf(migration).ready?.port.announce();
    },

    async switchOver(migration, input) {
      const arrival = arrivalOf(migration);
      const { restore, pager, reserve } = readyOf(arrival);
      const { spec } = arrival;
      const parts = makeParts();
      const { complete, verified } = await receive(arrival, input);
      parts.end('receive');
      reserve.release();
      if (arrival.base === undefined) throw new TagalongError('bug', { problem: 'the stream named no base' });
      const { store } = arrival.base;
      const isHere = (pid: number, page: number) => (complete || verified.has(pid, page)) && store.has(pid, page);
      const { pages, lazyPages, writePages } = assembleImages(restore.imageDirectory, store, (canWait) =>
        pager === undefined ? canWait : eagerPages(canWait, isHere, arrival.likely ?? [], costs.eagerBytes / pageBytes),
      );
      const pids = readPstree(readFileSync(join(restore.imageDirectory, 'pstree.img'))).map(({ pid }) => pid);
      arrival.pages = pages;
      checkImageSet(restore.imageDirectory, { pageBytes });
      parts.end('assemble');
      const startOver = !isSame(arrival.expectedPids ?? [], pids);
      const order = pager?.begin({
        migration,
        container: spec.name,
        storeDirectory: store.directory,
        startOver,
        verified: packRuns(complete ? lazyPages : verified.runs()),
        ...(complete ? {} : sourceOf(arrival)),
      });
      if (startOver) await order; // the daemon has another socket then
      const restoring = Promise.all([order, restore.restore(writePages)]);
      restoring.catch(() => undefined); // awaited below
      if (complete) checkPresent(lazyPages, store); // meanwhile
      await restoring;
      parts.end('restore');
      arrival.restored = true;
      return { parts: parts.all() };
    },

    async commit(migration) {
      const startedMs = performance.now();
      const before = await outcomes.get(migration);
      if (before?.outcome === 'committed') return { resumedAfterMs: 0 };
      const arrival = arrivalOf(migration);
      const { ready, spec } = arrival;
      if (before !== undefined || !arrival.restored || ready === undefined) {
        throw new TagalongError('unknown-migration', { migration });
      }
      const settled = await outcomes.settle({ migration, container: spec.name, outcome: 'committed' });
      if (settled.outcome !== 'committed') throw new TagalongError('unknown-migration', { migration });
      const released = ready.port.release();
      await Promise.all([
        ready.restore.letRun(),
        released.catch((error: unknown) => log.error({ err: error, container: spec.name }, 'the port is not open')),
      ]);
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

    abort,

    async adopted(migration) {
      await finishing.get(migration)?.promise;
    },
  };

  /** Makes the directories of a container that is on its way, and says what is here of it already. */
  async function makeRoom(arrival: Arrival): Promise<{ base: BaseIdentity | undefined; hasFiles: boolean }> {
    const { spec, generation, migration, from, cameBy, place, directory } = arrival;
    const { name } = spec;
    // what may be left of an earlier arrival: a mount, processes, runC's own notes
    if (existsSync(place.directory) || hasRuncNotes(name)) await containers.remove(name);
    await rm(place.directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const hasFiles = await options.keptState.bringBack(name, place.state, cameBy);
    await prepareDirectories(spec, place);
    await containers.expect({
      spec,
      generation,
      status: 'creating',
      since: new Date().toISOString(),
      arrival: migration,
      arrivalFrom: from,
    });
    bases.claim(name).end(); // a round that is still on its way would come too late
    const identity = bases.identityOf(name);
    // one that cannot be read, after a full disk for example, is none
    const base = identity === undefined ? undefined : bases.open(name, identity)?.identity;
    return { base, hasFiles };
  }

  /** Where what is here of a container's memory already is, if there is any. */
  function storeOf(container: string): { storeDirectory?: string } {
    const identity = bases.identityOf(container);
    const base = identity === undefined ? undefined : bases.open(container, identity);
    return base === undefined ? {} : { storeDirectory: base.store.directory };
  }

  function sourceOf({ from }: Arrival): { source?: { node: string } & Endpoint } {
    const endpoint = options.endpointOf(from);
    return endpoint === undefined ? {} : { source: { node: from, ...endpoint } };
  }

  /** Starts all that the restore needs; all of it or nothing is left running. */
  async function startAhead(arrival: Arrival, { descriptors, lazy, processes, likely }: ReadyNote): Promise<void> {
    const { spec, place, directory, migration } = arrival;
    await prepareSurroundings(spec, place);
    arrival.manifest = await readManifest(place.state);
    const before = mountLine(place, images.rootFileSystem(spec.imageDigest));
    const restore = await waitingRestore({ name: spec.name, node, place, directory, descriptors, before, lazy });
    const { imageDirectory, workDirectory } = restore;
    try {
      if (lazy) seedImages(imageDirectory, processes);
      arrival.expectedPids = processes.map(({ pid }) => pid);
      arrival.likely = unpackRuns(likely);
      const onState = (problem: string | undefined) => settling.onState(spec.name, problem);
      const pager = lazy
        ? await startPager(
            settling.directoryOf(migration),
            { imageDirectory, workDirectory, pageBytes, ...storeOf(spec.name), ...sourceOf(arrival) },
            onState,
          )
        : undefined;
      arrival.ready = {
        archive: unpackInto(place.state),
        restore,
        pager,
        reserve: await reserveMemory(join(directory, 'reserve'), 2 * costs.eagerBytes),
        port: await holdPort({ spec, place, bridge: configuration.bridge, method: options.packetHold }),
      };
    } catch (error) {
      await restore.cancel();
      await restore.close();
      throw error;
    }
  }

  /** What nobody waits for. */
  async function finish(arrival: Arrival, ready: Ready, adopted: () => void): Promise<void> {
    const { spec, generation, place, directory, migration, from, base, pages = [] } = arrival;
    await ready.restore.done;
    // before the container can be seen, and moved on
    if (ready.pager === undefined) {
      base?.store.retain(pages);
      base?.advance();
    }
    await writeManifest(place.manifestFile, { migration, manifest: arrival.manifest ?? new Map() });
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
    ready.archive.input.end();
    await Promise.allSettled([ready.port.end(), ready.restore.close(), writeCriuConfiguration(place, [])]);
    if (ready.pager !== undefined) await settling.follow(spec.name, migration, ready.pager.end, pages);
    else settling.trim();
    await rm(directory, { recursive: true, force: true });
  }
}

/** What is known of the files here, after those that changed last were unpacked. */
async function noteFiles(arrival: Arrival, files: { removed: string[]; changed: string[] }): Promise<void> {
  const { manifest, place } = arrival;
  if (manifest === undefined) return;
  for (const path of manifest.keys())
    if (files.removed.some((top) => path === top || path.startsWith(`${top}/`))) manifest.delete(path);
  await Promise.all(
    files.changed.map(async (path) => {
      const entry = await readEntry(join(place.state, path)).catch(() => undefined);
      if (entry === undefined) manifest.delete(path);
      else manifest.set(path, entry);
    }),
  );
}

/** The daemon counts the processes that connect to it, whatever their order. */
function isSame(one: readonly number[], other: readonly number[]): boolean {
  const those = new Set(other);
  return one.length === other.length && one.every((pid) => those.has(pid));
}
