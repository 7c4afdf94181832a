import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { reportOf, TagalongError } from '../../broker/contract/errors.ts';
import { prepareDirectories } from '../containers/prepare.ts';
import { hasRuncNotes } from '../containers/runc.ts';
import { contentBytes, readManifest } from '../files/manifest.ts';
import { readStoredManifest } from '../files/storedManifest.ts';
import { feed, unpackInto } from '../files/tar.ts';
import type { BaseIdentity } from '../memory/bases.ts';
import type { Arrival, Expected, Ready } from './arrival.ts';
import { finishArrival } from './finishArrival.ts';
import type { IncomingOptions } from './incomingOptions.ts';
import type { Waiting } from './orphans.ts';
import type { ReadyNote } from './readyNote.ts';
import { restoreFrozen } from './restoreFrozen.ts';
import { hearCommit, type Settled } from './rules.ts';
import { startAhead } from './startAhead.ts';
import { removePaths } from './switchStream.ts';

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
  abort(migration: string): Promise<Settled>;
  /** Those that are on their way, and for how long their sources have been silent. */
  waiting(): Waiting[];
}

export function makeIncoming(options: IncomingOptions): Incoming {
  const { configuration, containers, bases, outcomes, log } = options;
  const { node } = configuration;
  const arrivals = new Map<string, Arrival>();
  const finishing = new Map<string, PromiseWithResolvers<void>>();

  function arrivalOf(migration: string): Arrival {
    const arrival = arrivals.get(migration);
    if (arrival === undefined) throw new TagalongError('unknown-migration', { migration });
    arrival.heardMs = performance.now();
    return arrival;
  }

  function readyOf(arrival: Arrival): Ready {
    if (arrival.ready === undefined) throw new TagalongError('bug', { problem: 'the destination is not ready' });
    return arrival.ready;
  }

  /** Work for an arrival, which is not given up before it is over. */
  async function during<T>(arrival: Arrival, work: Promise<T>): Promise<T> {
    const { underWay } = arrival;
    underWay.add(work);
    return await work.finally(() => {
      underWay.delete(work);
      arrival.heardMs = performance.now();
    });
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
    arrival.givenUp.abort(); // a source that is gone ends no stream
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

  async function abort(migration: string): Promise<Settled> {
    const container = arrivals.get(migration)?.spec.name ?? '';
    const settled = await outcomes.settle({ migration, container, outcome: 'aborted' });
    const arrival = arrivals.get(migration); // it may have been opened meanwhile
    if (settled.outcome !== 'aborted') return settled.outcome;
    if (arrival === undefined) await removeLost(migration);
    else await giveUp(arrival);
    return settled.outcome;
  }

  /** A power cut here ended what had come by it, and its outcome was forgotten: the source has it back. */
  async function removeLost(migration: string): Promise<void> {
    for (const { spec, status } of containers.list()) {
      if (status !== 'stopped') continue;
      const came = await readStoredManifest(containers.place(spec.name).manifestFile);
      if (came?.migration !== migration) continue;
      // what it wrote here since may be wanted
      const sizeBytes = contentBytes(await readManifest(containers.place(spec.name).state));
      await containers.remove(spec.name, (state) => options.keptState.keep(spec.name, state, migration, sizeBytes));
    }
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
      const arrival: Arrival = {
        ...expected,
        place,
        directory,
        heardMs: performance.now(),
        givenUp: new AbortController(),
        underWay: new Set(),
      };
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
      const stop = () => input.destroy();
      arrival.givenUp.signal.addEventListener('abort', stop, { once: true });
      input.on('readable', () => {
        arrival.heardMs = performance.now();
      });
      await during(arrival, feed(input, unpackInto(arrival.place.state)));
    },

    async makeReady(migration, note) {
      const arrival = arrivalOf(migration);
      await during(arrival, startAhead(arrival, note, options));
    },

    async hold(migration) {
      options.gracePeriods.hasten();
      await arrivalOf(migration).ready?.port.announce();
    },

    async switchOver(migration, input) {
      const arrival = arrivalOf(migration);
      // not among what is under way: who gives the arrival up does not wait for it, but ends it
      const parts = await restoreFrozen(arrival, readyOf(arrival), options, input);
      arrival.restored = true;
      return { parts };
    },

    async commit(migration) {
      const startedMs = performance.now();
      const before = await outcomes.get(migration);
      const arrival = arrivals.get(migration);
      const heard = hearCommit(before?.outcome, arrival?.restored === true);
      if (heard === 'runs already') return { resumedAfterMs: 0 };
      if (heard === 'refuse' || arrival?.ready === undefined)
        throw new TagalongError('unknown-migration', { migration });
      const { ready, spec } = arrival;
      const settled = await outcomes.settle({ migration, container: spec.name, outcome: 'committed' });
      if (settled.outcome !== 'committed') throw new TagalongError('unknown-migration', { migration });
      const released = ready.port.release();
      await Promise.all([
        ready.restore.letRun(),
        released.catch((error: unknown) => log.error({ err: error, container: spec.name }, 'the port is not open')),
      ]).catch(async (error: unknown) => {
        // it was committed, and is this node's all the same
        arrivals.delete(migration);
        const { generation } = arrival;
        const since = new Date().toISOString();
        await containers.adopt({ spec, generation, status: 'stopped', since, error: reportOf(error).message });
        throw error;
      });
      const resumedAfterMs = performance.now() - startedMs;
      arrivals.delete(migration);
      const adopted = Promise.withResolvers<void>();
      finishing.set(migration, adopted);
      void finishArrival(arrival, ready, options, adopted.resolve)
        .catch((error: unknown) => log.error({ err: error, container: spec.name }, 'after the restore'))
        .finally(() => {
          adopted.resolve();
          finishing.delete(migration);
        });
      return { resumedAfterMs };
    },

    abort,

    waiting: () =>
      [...arrivals.values()].map(({ migration, from, heardMs }) => ({
        migration,
        from,
        idleMs: performance.now() - heardMs,
      })),

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
}
