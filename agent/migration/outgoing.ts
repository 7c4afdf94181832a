import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../broker/connection.ts';
import { reportOf, TagalongError } from '../../broker/contract/errors.ts';
import type { RequestOf } from '../../broker/contract/requests.ts';
import type { DraftOf } from '../../broker/contract/topics.ts';
import { freezerOf } from '../../host/freezer.ts';
import type { Peers } from '../channel/peers.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { Containers } from '../containers/containers.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import { openNetwork } from '../containers/network.ts';
import type { ContainerRecord } from '../containers/record.ts';
import { memoryOf } from '../containers/upkeep.ts';
import { contentBytes, readManifest } from '../files/manifest.ts';
import { type Account, openAccount } from './account.ts';
import { blockedReasons } from './compare.ts';
import { executors } from './executors.ts';
import { type NodeFacts, type OfferAnswer, offerAnswerSchema } from './facts.ts';
import type { Move } from './move.ts';
import { phaseTable } from './phases.ts';
import { chooseTechnique, planMigration, type Step, type Technique } from './plan.ts';
import { resumeHere, settle } from './undo.ts';

export interface Consideration {
  blocked: TagalongError[];
  technique: Technique;
  techniqueReason: string;
  answer: OfferAnswer | undefined;
  memoryBytes: number;
  fileBytes: number;
}

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
  /** Finishes what an earlier run of this agent left in the middle. */
  resume(): Promise<void>;
  /** Cancels what can be cancelled and waits for the rest. */
  stop(): Promise<void>;
}

export interface OutgoingOptions {
  configuration: AgentConfiguration;
  containers: Containers;
  images: ImageStore;
  peers: Peers;
  facts: () => Promise<NodeFacts>;
  log: Log;
  /** Called at each change of phase, and now and then while bytes flow. */
  onChange: (document: DraftOf<'nodeMigration'>, ended: boolean) => void;
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
  const { configuration, containers, images, peers, log } = options;
  const active = new Map<string, Active>();
  const stopping = new AbortController();

  async function consider(request: RequestOf<'migrate'>): Promise<Consideration> {
    const record = recordOf(request.container);
    const chosen = chooseTechnique(request.technique);
    const memoryBytes = await memoryOf(record);
    const manifest = await readManifest(containers.place(request.container).state);
    const fileBytes = contentBytes(manifest);
    const common = { technique: chosen.technique, techniqueReason: chosen.reason, memoryBytes, fileBytes };
    try {
      const answer = await peers.ask(request.to, 'POST', '/v1/offers', { spec: record.spec }, offerAnswerSchema, {
        timeoutMs: 5000,
      });
      const blocked = blockedReasons(await options.facts(), answer, {
        container: request.container,
        memoryBytes,
        fileBytes,
      });
      return { ...common, blocked, answer };
    } catch (error) {
      if (!(error instanceof TagalongError)) throw error;
      return { ...common, blocked: [error], answer: undefined };
    }
  }

  function recordOf(name: string): ContainerRecord {
    const record = containers.get(name);
    if (record === undefined) throw new TagalongError('unknown-container', { container: name });
    return record;
  }

  async function perform(move: Move, steps: Step[]): Promise<void> {
    for (const step of steps) {
      move.signal.throwIfAborted();
      if (move.account.phase !== step.phase) {
        move.account.enter(step.phase);
        move.progressed();
      }
      // the table gives for each kind the function that takes that very kind
      await (executors[step.kind] as (move: Move, step: Step) => Promise<void>)(move, step);
      log.debug({ migration: move.id, step: step.kind }, 'step done');
    }
  }

  /** Decides how a move that did not go through ends; true where the container has left nevertheless. */
  async function recover(move: Move, error: unknown): Promise<boolean> {
    if (move.committed) return true; // only our own tidying failed
    if (move.handedOver) {
      const outcome = await settle(move, (doubt) => noteDoubt(move, doubt), stopping.signal);
      await containers.update(move.spec.name, { handOver: undefined, error: undefined });
      if (outcome === 'committed') return true;
    }
    log.warn({ err: error, migration: move.id }, 'the container runs on here');
    await resumeHere(move);
    await containers.update(move.spec.name, { status: 'running', handOver: undefined });
    return false;
  }

  function noteDoubt(move: Pick<Move, 'spec'>, doubt: TagalongError): void {
    log.error({ err: doubt }, doubt.message);
    containers
      .update(move.spec.name, { status: 'frozen', error: doubt.message })
      .catch((error: unknown) => log.warn({ err: error }, 'the doubt could not be written down'));
  }

  /** Not even the way back worked: the container stays as it is, and says so. */
  async function giveUp(move: Move, error: unknown): Promise<boolean> {
    const report = reportOf(error);
    log.error({ err: error, migration: move.id }, 'the container could not be brought back');
    await containers.update(move.spec.name, { status: 'frozen', error: report.message });
    return false;
  }

  async function conduct(move: Move, steps: Step[], changed: () => void): Promise<void> {
    const { account } = move;
    try {
      await perform(move, steps);
    } catch (error) {
      const left = await recover(move, error).catch((failure: unknown) => giveUp(move, failure));
      if (left) {
        account.enter('completed');
        await executors['clean-up'](move, { kind: 'clean-up', phase: 'completed' }).catch((failure: unknown) =>
          log.error({ err: failure, migration: move.id }, 'what the container left here could not be removed'),
        );
      } else {
        account.fail(reportOf(error));
        account.enter(move.signal.aborted ? 'cancelled' : 'failed');
      }
    } finally {
      changed();
    }
  }

  return {
    consider,
    begin(request, considered) {
      const record = recordOf(request.container);
      const migration = request.id ?? randomUUID();
      const account = openAccount(
        {
          id: migration,
          container: request.container,
          generation: record.generation + 1,
          from: configuration.node,
          to: request.to,
          technique: considered.technique,
          techniqueReason: considered.techniqueReason,
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
          technique: considered.technique,
          imageDigest: record.spec.imageDigest,
          lacksImage: considered.answer?.lacksImage ?? true,
        });
        await conduct(move, steps, changed);
        return account.document();
      })().finally(() => active.delete(migration));
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
    active: () => [...active.values()].map(({ account }) => account.document()),

    async resume() {
      await rm(join(configuration.runDirectory, 'migrations'), { recursive: true, force: true });
      await Promise.all(containers.list().map((record) => resumeOne(record)));
    },

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

  async function resumeOne(record: ContainerRecord): Promise<void> {
    const { name } = record.spec;
    const { handOver } = record;
    const freezer = record.pid === undefined ? undefined : await freezerOf(record.pid).catch(() => undefined);
    const isFrozen = freezer !== undefined && (await freezer.isFrozen());
    const isGone = record.status === 'stopped';
    if (handOver !== undefined && (isFrozen || isGone)) {
      const question = { id: handOver.migration, to: handOver.to, peers, spec: record.spec };
      const outcome = await settle(question, (doubt) => noteDoubt({ spec: record.spec }, doubt), stopping.signal);
      if (outcome === 'committed') {
        await containers.remove(name);
        return;
      }
    }
    if (handOver !== undefined) await containers.update(name, { handOver: undefined, error: undefined });
    if (freezer === undefined || !isFrozen) return;
    await containers.update(name, { status: 'running' });
    await freezer.thaw();
    await openNetwork(record.spec, containers.place(name), configuration.bridge);
  }
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
