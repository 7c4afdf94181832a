import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../../broker/connection.ts';
import { TagalongError } from '../../broker/contract/errors.ts';
import { tryRun } from '../../host/command.ts';
import { readJson, writeDurably } from '../../host/files.ts';
import { startTimeOf } from '../../host/processes.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { ImageStore } from './imageStore.ts';
import { destroyNetwork, openNetwork } from './network.ts';
import { placeOf } from './place.ts';
import { prepareDirectories, prepareSurroundings } from './prepare.ts';
import { type ContainerPlace, type ContainerRecord, type ContainerSpec, containerRecordSchema } from './record.ts';
import { mountLine, unmountRoot } from './rootMount.ts';
import { runcDelete, runcRun, runcState, writeCriuConfiguration } from './runc.ts';

/** The containers of this node. What it says has been written to disk before. */
export interface Containers {
  list(): ContainerRecord[];
  get(name: string): ContainerRecord | undefined;
  place(name: string): ContainerPlace;
  /** @throws TagalongError `start-failed`; nothing is left behind then */
  start(spec: ContainerSpec): Promise<ContainerRecord>;
  /** Asks it to end, insists after `timeoutMs`, and removes it. */
  stop(name: string, timeoutMs: number): Promise<void>;
  /** Writes a changed record, then tells listeners. `undefined` takes an optional entry away. */
  update(
    name: string,
    change: { [K in keyof ContainerRecord]?: ContainerRecord[K] | undefined },
  ): Promise<ContainerRecord>;
  /** Takes on a container that was restored here. */
  adopt(record: ContainerRecord): Promise<void>;
  /** Writes down, and no more, that a container is on its way here: for a restart of this agent. */
  expect(record: ContainerRecord): Promise<void>;
  /** Containers that were on their way here when this agent stopped. */
  readonly leftArrivals: readonly ContainerRecord[];
  /**
   * Forgets a container and removes all that it has on this node, dead or alive.
   * @param keepState - called when nothing uses its files any more; may move them away
   */
  remove(name: string, keepState?: (state: string) => Promise<void>): Promise<void>;
  close(): void;
}

export interface ContainersOptions {
  configuration: AgentConfiguration;
  images: ImageStore;
  log: Log;
  /** Called after each change; without a record when the container is gone from this node. */
  onChange: (name: string, record: ContainerRecord | undefined) => void;
  /** A container that is being moved is not watched for its end. */
  isBusy: (name: string) => boolean;
}

/** Loads what this node has, as its disk says it, and compares it with what runs. */
export async function openContainers(options: ContainersOptions): Promise<Containers> {
  const { configuration, images, log, onChange } = options;
  const top = join(configuration.dataDirectory, 'containers');
  await mkdir(top, { recursive: true, mode: 0o700 });
  const records = new Map<string, ContainerRecord>();
  const leftArrivals: ContainerRecord[] = [];
  /** Being stopped: that its process has ended is no news, and writing it down would bring its directory back. */
  const stopping = new Set<string>();
  for (const record of await load(top, log)) {
    if (record.arrival === undefined) records.set(record.spec.name, record);
    else leftArrivals.push(record);
  }
  const place = (name: string) => placeOf(configuration, name);

  async function write(record: ContainerRecord): Promise<void> {
    await writeDurably(place(record.spec.name).recordFile, JSON.stringify(record, null, 2));
    records.set(record.spec.name, record);
    onChange(record.spec.name, record);
  }

  /** For each container one change at a time, each on top of the one before. */
  const turns = new Map<string, Promise<unknown>>();
  function inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const turn = (turns.get(name) ?? Promise.resolve()).then(work);
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    turns.set(name, settled);
    void settled.then(() => turns.get(name) === settled && turns.delete(name));
    return turn;
  }

  async function clear(name: string, keepState?: (state: string) => Promise<void>): Promise<void> {
    const where = place(name);
    await runcDelete(name);
    await unmountRoot(where);
    await destroyNetwork(where);
    await rm(where.criuConfiguration, { force: true });
    for (const file of [where.runcLog, where.logWriterFile]) await rm(file, { force: true });
    await keepState?.(where.state).catch((error: unknown) =>
      log.warn({ err: error, container: name }, 'its files could not be kept'),
    );
    await rm(where.directory, { recursive: true, force: true });
  }

  const containers: Containers = {
    list: () => [...records.values()],
    get: (name) => records.get(name),
    place,
    async start(spec) {
      const where = place(spec.name);
      await mkdir(where.directory, { recursive: true, mode: 0o700 });
      await write({ spec, generation: 1, status: 'creating', since: new Date().toISOString() });
      try {
        await prepareDirectories(spec, where);
        await prepareSurroundings(spec, where);
        await writeCriuConfiguration(where, []);
        await runcRun(spec.name, where, mountLine(where, images.rootFileSystem(spec.imageDigest)));
        await openNetwork(spec, where, configuration.bridge);
        const pid = (await runcState(spec.name))?.pid;
        return await containers.update(spec.name, { status: 'running', since: new Date().toISOString(), pid });
      } catch (error) {
        await containers.remove(spec.name);
        const problem = error instanceof Error ? error.message : String(error);
        throw new TagalongError('start-failed', { container: spec.name, problem }, error);
      }
    },
    async stop(name, timeoutMs) {
      stopping.add(name);
      await tryRun('runc', ['kill', name, 'TERM'], { timeoutMs: 10_000 });
      const deadline = Date.now() + timeoutMs;
      const pid = records.get(name)?.pid;
      while (pid !== undefined && Date.now() < deadline && (await startTimeOf(pid)) !== undefined) await wait(20);
      await containers.remove(name).finally(() => stopping.delete(name));
    },
    update: (name, change) =>
      inTurn(name, async () => {
        const before = records.get(name);
        if (before === undefined) throw new TagalongError('unknown-container', { container: name });
        const record = containerRecordSchema.parse({ ...before, ...change });
        await write(record);
        return record;
      }),
    adopt: (record) => inTurn(record.spec.name, () => write(record)),
    expect: (record) => writeDurably(place(record.spec.name).recordFile, JSON.stringify(record, null, 2)),
    leftArrivals,
    remove: (name, keepState) =>
      inTurn(name, async () => {
        await clear(name, keepState);
        if (records.delete(name)) onChange(name, undefined);
      }),
    close: () => clearInterval(watch),
  };

  const isBusy = (name: string) => stopping.has(name) || options.isBusy(name);
  const watch = setInterval(() => {
    for (const record of records.values()) {
      noticeEnd(record, containers, { ...options, isBusy }).catch((error: unknown) =>
        log.warn({ err: error, container: record.spec.name }, 'it cannot be told whether it runs'),
      );
    }
  }, 500);
  watch.unref();
  return containers;
}

async function load(top: string, log: Log): Promise<ContainerRecord[]> {
  const found: ContainerRecord[] = [];
  for (const name of await readdir(top)) {
    try {
      const record = await readJson(join(top, name, 'record.json'), containerRecordSchema);
      if (record !== undefined) found.push(record);
    } catch (error) {
      log.error({ err: error, container: name }, 'a container record cannot be read; it is left alone');
    }
  }
  return found;
}

/** A container whose first process has ended is stopped; its files stay until somebody stops or removes it. */
async function noticeEnd(record: ContainerRecord, containers: Containers, options: ContainersOptions): Promise<void> {
  const name = record.spec.name;
  if (record.status !== 'running' || record.pid === undefined || options.isBusy(name)) return;
  if ((await startTimeOf(record.pid)) !== undefined) return;
  if (containers.get(name) !== record || options.isBusy(name)) return; // it changed while we looked
  options.log.info({ container: name }, 'its first process has ended');
  await containers.update(name, { status: 'stopped', pid: undefined, since: new Date().toISOString() });
}
