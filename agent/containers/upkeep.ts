import { copyFile, stat, truncate } from 'node:fs/promises';
import type { Log } from '../../broker/connection.ts';
import { freezerOf } from '../../host/freezer.ts';
import { residentBytesOf } from '../../host/processes.ts';
import type { Containers } from './containers.ts';
import type { ContainerRecord } from './record.ts';

export interface Upkeep {
  /** Resident memory of all processes of a container, as last read. */
  memoryBytesOf(name: string): number | undefined;
  stop(): void;
}

/** A log grows to this size, then begins anew beside the old one. */
const logLimitBytes = 8 << 20;
/** A smaller change of memory is not worth a message. */
const tellingFraction = 0.05;

/** Resident memory of all processes in the container's control group; a busy sharing of pages counts more than once. */
export async function memoryOf(record: ContainerRecord): Promise<number> {
  if (record.pid === undefined) return 0;
  const processes = await (await freezerOf(record.pid)).processes();
  const sizes = await Promise.all(processes.map(residentBytesOf));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/**
 * What has to be done for running containers now and then: reading how much memory they have, and keeping their logs short.
 *
 * @param onMemory - called when the memory of a container has changed enough to be told
 */
export function startUpkeep(options: {
  containers: Containers;
  everyMs: number;
  log: Log;
  onMemory: (name: string) => void;
}): Upkeep {
  const { containers, log } = options;
  const memory = new Map<string, number>();

  async function tend(record: ContainerRecord): Promise<void> {
    const { name } = record.spec;
    const bytes = await memoryOf(record);
    const before = memory.get(name);
    if (before === undefined || Math.abs(bytes - before) > tellingFraction * before) {
      memory.set(name, bytes);
      options.onMemory(name);
    }
    await shorten(containers.place(name).logFile);
  }

  const timer = setInterval(() => {
    const running = containers.list().filter((record) => record.status === 'running');
    for (const name of memory.keys()) if (containers.get(name) === undefined) memory.delete(name);
    for (const record of running) {
      tend(record).catch((error: unknown) =>
        log.debug({ err: error, container: record.spec.name }, 'it ended while it was looked at'),
      );
    }
  }, options.everyMs);
  timer.unref();
  return { memoryBytesOf: (name) => memory.get(name), stop: () => clearInterval(timer) };
}

/** The writer appends, so the file can be cut under it. */
async function shorten(logFile: string): Promise<void> {
  const { size } = await stat(logFile);
  if (size < logLimitBytes) return;
  await copyFile(logFile, `${logFile}.1`);
  await truncate(logFile);
}
