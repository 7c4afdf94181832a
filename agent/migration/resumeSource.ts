import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../broker/connection.ts';
import { type Freezer, freezerOf } from '../../host/freezer.ts';
import type { Peers } from '../channel/peers.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { Containers } from '../containers/containers.ts';
import { openNetwork } from '../containers/network.ts';
import type { ContainerRecord } from '../containers/record.ts';
import { makeEncodingChoice } from '../memory/encodingChoice.ts';
import { noteDoubt } from './conduct.ts';
import type { Doubts } from './doubts.ts';
import { openProcesses } from './memoryAhead.ts';
import { makePageSupply, type PageSupply } from './pageSupply.ts';
import { findOwn, hearOutcome, type Remains } from './rules.ts';
import { servePages } from './servePages.ts';
import { abortThere, settle } from './undo.ts';

export interface ResumeOptions {
  configuration: AgentConfiguration;
  containers: Containers;
  peers: Peers;
  pageBytes: number;
  supplies: Map<string, PageSupply>;
  doubts: Doubts;
  stopping: AbortSignal;
  log: Log;
}

/** Finishes what an earlier run of this agent, as the source of moves, left in the middle. */
export async function resumeSource(options: ResumeOptions): Promise<void> {
  const directory = join(options.configuration.runDirectory, 'migrations');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true, force: true });
  await Promise.all(options.containers.list().map((record) => resumeOne(record, options)));
}

async function resumeOne(record: ContainerRecord, options: ResumeOptions): Promise<void> {
  const { containers, configuration, peers, log, stopping } = options;
  const { spec, handOver } = record;
  const { name } = spec;
  const freezer = record.pid === undefined ? undefined : await freezerOf(record.pid).catch(() => undefined);
  const remains = record.status === 'stopped' ? 'gone' : await remainsOf(freezer);
  /** What the destination may have said of it is overtaken. */
  let overruling: { generation?: number } = {};
  let next: ReturnType<typeof findOwn> | ReturnType<typeof hearOutcome> = findOwn(
    handOver !== undefined,
    remains,
    record.lazy !== undefined || record.overtaken === true,
  );
  if (next === 'ask the destination' && handOver !== undefined) {
    const { doubts } = options;
    const question = { id: handOver.migration, to: handOver.to, peers, spec, doubts, configuration };
    const settled = await settle(question, (doubt) => noteDoubt(containers, log, name, doubt), stopping);
    overruling = { generation: handOver.generation + 1 };
    next = hearOutcome(settled, remains, handOver.lazy === true);
    if (next === 'serve pages' && freezer !== undefined) {
      const end = await serveAgain(question, freezer, options);
      if (end === 'lost there') next = hearOutcome('aborted', remains, true);
    }
    if (next === 'serve pages' || next === 'give up') {
      await containers.remove(name);
      return;
    }
  }
  if (handOver !== undefined) await containers.update(name, { ...overruling, handOver: undefined, error: undefined });
  if (next !== 'thaw' || freezer === undefined) return;
  await containers.update(name, { status: 'running' });
  await freezer.thaw();
  await openNetwork(spec, containers.place(name), configuration.bridge);
}

async function remainsOf(freezer: Freezer | undefined): Promise<Remains> {
  if (freezer === undefined) return 'gone';
  return (await freezer.isFrozen()) ? 'frozen' : 'running';
}

/** Serves the pages that the destination still lacks, until it has them. What it had before is not known any more. */
async function serveAgain(
  move: Parameters<typeof abortThere>[0],
  freezer: Freezer,
  options: ResumeOptions,
): ReturnType<typeof servePages> {
  const { id: migration, to } = move;
  const { pageBytes, peers, supplies, stopping } = options;
  const processes = await openProcesses(freezer, pageBytes);
  const linkBytesPerSecond = () => peers.links()[to]?.throughputBytesPerSecond;
  const supply = makePageSupply({
    processes,
    runs: processes.flatMap((process) =>
      process.ownPages().map(({ page, count }) => ({ pid: process.pid, page, count })),
    ),
    store: undefined,
    pageBytes,
    choice: makeEncodingChoice(linkBytesPerSecond),
    linkBytesPerSecond,
    onSent: () => undefined,
  });
  supplies.set(migration, supply);
  try {
    return await servePages(supply, () => abortThere(move), stopping);
  } finally {
    supplies.delete(migration);
    for (const process of processes) process.close();
  }
}
