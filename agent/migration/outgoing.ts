import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Log } from '../../broker/connection.ts';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { RequestOf } from '../../broker/contract/requests.ts';
import type { DraftOf } from '../../broker/contract/topics.ts';
import { freezerOf } from '../../host/freezer.ts';
import type { GracePeriods } from '../../host/gracePeriods.ts';
import type { Peers } from '../channel/peers.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { Containers } from '../containers/containers.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import type { KeptState } from '../containers/keptState.ts';
import type { ContainerRecord } from '../containers/record.ts';
import type { Bases } from '../memory/bases.ts';
import { type Account, openAccount } from './account.ts';
import { conduct } from './conduct.ts';
import { type Consideration, considerMove } from './consider.ts';
import type { Doubts } from './doubts.ts';
import type { Experience } from './experience.ts';
import type { NodeFacts } from './facts.ts';
import type { Move } from './move.ts';
import type { PageSupply } from './pageSupply.ts';
import { phaseTable } from './phases.ts';
import { planMigration } from './plan.ts';
import type { Preparations } from './preparations.ts';
import { resumeSource } from './resumeSource.ts';

/** This node as the source of migrations: the only place where the moves of its containers are serialised. */
export interface Outgoing {
  /** Compares both nodes. Nothing is changed. */
  consider(request: RequestOf<'migrate'>): Promise<Consideration>;
  /** Starts a move that was considered and not blocked. `ended` resolves with its last account, however it ended. */
  begin(
    request: RequestOf<'migrate'>,
    considered: Consideration,
  ): { migration: string; ended: Promise<DraftOf<'nodeMigration'>> };
  /** @throws TagalongError `unknown-migration` or `not-cancellable` */
  cancel(migration: string): void;
  /** The migration that a container is in, if any. */
  migrationOf(container: string): string | undefined;
  active(): DraftOf<'nodeMigration'>[];
  /** Whether it is one of them. */
  isActive(migration: string): boolean;
  /** Finishes what an earlier run of this agent left in the middle. */
  resume(): Promise<void>;
  /** Cancels what can be cancelled and waits for the rest. */
  stop(): Promise<void>;
}

export interface OutgoingOptions {
  configuration: AgentConfiguration;
  containers: Containers;
  images: ImageStore;
  bases: Bases;
  /** Where those that are served to destinations are found. */
  supplies: Map<string, PageSupply>;
  peers: Peers;
  keptState: KeptState;
  preparations: Preparations;
  experience: Experience;
  gracePeriods: GracePeriods;
  doubts: Doubts;
  pageBytes: number;
  facts: () => Promise<NodeFacts>;
  log: Log;
  /** Called at each change of phase, and now and then while bytes flow. */
  onChange: (document: DraftOf<'nodeMigration'>, ended: boolean) => void;
  /** A container that stayed here is in no migration any more. */
  onIdle: (container: string) => void;
}

interface Active {
  account: Account;
  container: string;
  cancelling: AbortController;
  handedOver: () => boolean;
  ended: Promise<unknown>;
}

const progressEveryMs = 250;

export function makeOutgoing(options: OutgoingOptions): Outgoing {
  const { configuration, containers, images, bases, supplies, peers, pageBytes, log } = options;
  const active = new Map<string, Active>();
  const stopping = new AbortController();

  function recordOf(name: string): ContainerRecord {
    const record = containers.get(name);
    if (record === undefined) throw new TagalongError('unknown-container', { container: name });
    return record;
  }

  return {
    consider: async (request) => considerMove(request, recordOf(request.container), options),
    begin(request, considered) {
      const record = recordOf(request.container);
      const { choice } = considered;
      const migration = request.id ?? randomUUID();
      const account = openAccount(
        {
          id: migration,
          container: request.container,
          generation: record.generation + 1,
          from: configuration.node,
          to: request.to,
          technique: choice.technique,
          techniqueReason: choice.reason,
          estimate: choice.estimate,
          request,
        },
        { wall: () => new Date(), monotonic: () => performance.now() },
      );
      const cancelling = new AbortController();
      let told = false;
      const changed = () => {
        const { end } = phaseTable[account.phase];
        if (!told) options.onChange(account.document(), end); // the end is told once
        told = end;
      };
      let handedOver = () => false;
      const ended = (async () => {
        if (record.pid === undefined)
          throw new TagalongError('container-not-running', { container: request.container, status: record.status });
        const move: Move = {
          id: migration,
          spec: record.spec,
          to: request.to,
          generation: record.generation + 1,
          place: containers.place(request.container),
          directory: join(configuration.runDirectory, 'migrations', migration),
          freezer: await freezerOf(record.pid),
          technique: choice.technique,
          bases,
          pageBytes,
          lazyRestore: considered.lazyRestore,
          withoutMemory: considered.withoutMemory,
          downtimeTargetMs: considered.downtimeTargetMs,
          supplies,
          keptState: options.keptState,
          preparations: options.preparations,
          experience: options.experience,
          gracePeriods: options.gracePeriods,
          doubts: options.doubts,
          stopping: stopping.signal,
          account,
          signal: cancelling.signal,
          configuration,
          containers,
          images,
          peers,
          log,
          progressed: throttled(account, changed),
        };
        handedOver = () => move.handedOver === true;
        changed();
        const steps = planMigration({
          technique: choice.technique,
          imageDigest: record.spec.imageDigest,
          lacksImage: considered.answer?.lacksImage ?? true,
        });
        await conduct(move, steps, changed);
        return account.document();
      })().finally(() => {
        active.delete(migration);
        if (containers.get(request.container) !== undefined) options.onIdle(request.container);
      });
      active.set(migration, {
        account,
        container: request.container,
        cancelling,
        handedOver: () => handedOver(),
        ended,
      });
      return { migration, ended };
    },

    cancel(migration) {
      const found = active.get(migration);
      if (found === undefined) throw new TagalongError('unknown-migration', { migration });
      const { phase } = found.account;
      if (!phaseTable[phase].cancellable || found.handedOver())
        throw new TagalongError('not-cancellable', { migration, phase });
      found.cancelling.abort(new TagalongError('migration-cancelled', { migration, phase, node: configuration.node }));
    },

    migrationOf: (container) => [...active].find(([, entry]) => entry.container === container)?.[0],
    isActive: (migration) => active.has(migration),
    active: () => [...active.values()].map(({ account }) => account.document()),

    resume: () => resumeSource({ ...options, stopping: stopping.signal }),

    async stop() {
      stopping.abort(new TagalongError('migration-cancelled', { migration: '', phase: '', node: configuration.node }));
      for (const [migration, entry] of active) {
        if (!entry.handedOver())
          entry.cancelling.abort(
            new TagalongError('migration-cancelled', {
              migration,
              phase: entry.account.phase,
              node: configuration.node,
            }),
          );
      }
      await Promise.allSettled([...active.values()].map(({ ended }) => ended));
    },
  };
}

/** Calls at once at a change of phase, and at most every so often in between. */
function throttled(account: Account, call: () => void): () => void {
  let lastMs = 0;
  let lastPhase = '';
  return () => {
    const now = performance.now();
    if (account.phase === lastPhase && now - lastMs < progressEveryMs) return;
    lastMs = now;
    lastPhase = account.phase;
    call();
  };
}
