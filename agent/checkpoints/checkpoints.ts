import { rm } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../broker/connection.ts';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { Containers } from '../containers/containers.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import type { NodeFacts } from '../migration/facts.ts';
import type { Metadata } from './metadata.ts';
import { type RestoreOrder, restoreCheckpoint } from './restore.ts';
import { type CheckpointOrder, type Written, writeCheckpoint } from './write.ts';

/** Where archives lie whose place nobody chose. */
export function archiveDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'checkpoints');
}

/** This node as one that writes and restores standing checkpoints. */
export interface Checkpoints {
  /** The file that a checkpoint of a container is being written to, if any. */
  fileOf(container: string): string | undefined;
  /** @throws TagalongError `checkpoint-under-way`, and as {@link writeCheckpoint} */
  write(order: CheckpointOrder): Promise<Written>;
  /** As {@link restoreCheckpoint}. */
  restore(order: RestoreOrder): Promise<Awaited<ReturnType<typeof restoreCheckpoint>>>;
  /** Breaks off what is being written and waits until all containers run on. */
  stop(): Promise<void>;
}

export interface CheckpointsOptions {
  configuration: AgentConfiguration;
  containers: Containers;
  images: ImageStore;
  facts: () => Promise<NodeFacts>;
  runcVersion: string | undefined;
  log: Log;
}

type Origin = Pick<
  Metadata,
  'node' | 'architecture' | 'kernel' | 'pageSizeBytes' | 'cpuFeatures' | 'cgroup' | 'criuVersion' | 'runcVersion'
>;

/** What writing and restoring work with. */
export interface CheckpointParts extends Omit<CheckpointsOptions, 'facts' | 'runcVersion'> {
  /** What the metadata say of this node. */
  describe(): Promise<Origin>;
}

/** Removes the images that an earlier run of this agent left, and gets ready. */
export async function openCheckpoints(options: CheckpointsOptions): Promise<Checkpoints> {
  const { configuration, containers, images, log } = options;
  await rm(join(configuration.runDirectory, 'checkpoints'), { recursive: true, force: true });
  const stopping = new AbortController();
  const writing = new Map<string, string>();
  const underWay = new Set<Promise<unknown>>();
  const parts: CheckpointParts = {
    configuration,
    containers,
    images,
    log,
    async describe() {
      const { node, architecture, pageSizeBytes, cpuFeatures, cgroup, criuVersion } = await options.facts();
      return {
        ...{ node, architecture, pageSizeBytes, cpuFeatures, cgroup, kernel: release() },
        ...{ criuVersion: criuVersion ?? 'unknown', runcVersion: options.runcVersion ?? 'unknown' },
      };
    },
  };

  function track<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    const done = () => underWay.delete(work);
    work.then(done, done);
    return work;
  }

  return {
    fileOf: (container) => writing.get(container),
    async write(order) {
      const { name } = order.record.spec;
      const file = writing.get(name);
      if (file !== undefined) throw new TagalongError('checkpoint-under-way', { container: name, file });
      writing.set(name, order.file);
      return track(writeCheckpoint(order, parts, stopping.signal).finally(() => writing.delete(name)));
    },
    restore: (order) => track(restoreCheckpoint(order, parts)),
    async stop() {
      stopping.abort(
        new TagalongError('checkpoint-failed', {
          container: [...writing.keys()].join(', '),
          node: configuration.node,
          problem: 'the agent was told to stop',
        }),
      );
      await Promise.allSettled([...underWay]);
    },
  };
}
