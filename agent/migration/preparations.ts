import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../../broker/connection.ts';
import { TagalongError } from '../../broker/contract/errors.ts';
import { freezerOf } from '../../host/freezer.ts';
import type { Peers } from '../channel/peers.ts';
import type { Containers } from '../containers/containers.ts';
import type { ImageStore } from '../containers/imageStore.ts';
import type { Bases } from '../memory/bases.ts';
import type { OfferAnswer } from './facts.ts';
import { type MemoryAhead, startMemoryAhead } from './memoryAhead.ts';
import { sendImage } from './sendImage.ts';

/** A node that is kept warm for a container. */
export interface Preparation {
  readonly to: string;
  /** When what the node has was last as it is here, and how much that is; undefined before the first round is over. */
  readonly at: Date | undefined;
  readonly baseBytes: number;
  /** Resolves after the first round. */
  readonly first: Promise<void>;
}

/** Nodes that are kept warm for containers of this node: image and memory are sent again and again, what changed of them. */
export interface Preparations {
  of(container: string): Preparation[];
  /** @param rateBytesPerSecond - at most so much is sent */
  start(container: string, to: string, answer: OfferAnswer, rateBytesPerSecond: number | undefined): Preparation;
  /** Ends those of a container, at one node or all. @returns how many there were */
  stop(container: string, to?: string): Promise<number>;
  /** Ends all, as the move to one of them begins, and hands over what that one has. */
  takeFor(container: string, to: string): Promise<MemoryAhead | undefined>;
  stopAll(): Promise<void>;
}

interface Running extends Preparation {
  memory: MemoryAhead;
  stopping: AbortController;
  ended: Promise<void>;
}

/** Between two rounds, so that keeping a node warm costs little. */
const pauseMs = 1000;
/** Without a rate, this part of what the link was measured to carry is used. */
const linkPart = 0.25;

export function makePreparations(options: {
  node: string;
  containers: Containers;
  images: ImageStore;
  peers: Peers;
  bases: Bases;
  pageBytes: number;
  log: Log;
  /** Called when what `of` gives has changed. */
  onChange: (container: string) => void;
}): Preparations {
  const { containers, images, peers, bases, pageBytes, log, onChange } = options;
  const running = new Map<string, Running[]>();
  const listOf = (container: string) => running.get(container) ?? [];

  async function keepWarm(container: string, own: Running, answer: OfferAnswer, rate: () => number | undefined) {
    const { signal } = own.stopping;
    const imageDigest = containers.get(container)?.spec.imageDigest;
    if (answer.lacksImage && imageDigest !== undefined)
      await sendImage({ images, peers, to: own.to, digest: imageDigest, signal, onSent: () => undefined });
    for (;;) {
      const pid = containers.get(container)?.pid;
      if (pid === undefined) return;
      const freezer = await freezerOf(pid);
      await own.memory.round(freezer, { signal, rateBytesPerSecond: rate(), onSent: () => undefined });
      const isFirst = own.at === undefined;
      Object.assign(own, { at: new Date(), baseBytes: own.memory.base.store.knownPages * pageBytes });
      if (isFirst) onChange(container);
      first(own).resolve();
      await wait(pauseMs, undefined, { signal });
    }
  }

  const firsts = new WeakMap<object, PromiseWithResolvers<void>>();
  function first(own: object): PromiseWithResolvers<void> {
    const found = firsts.get(own) ?? Promise.withResolvers<void>();
    firsts.set(own, found);
    return found;
  }

  function forget(container: string, own: Running): void {
    const left = listOf(container).filter((other) => other !== own);
    if (left.length === 0) running.delete(container);
    else running.set(container, left);
    onChange(container);
  }

  async function end(container: string, own: Running): Promise<void> {
    own.stopping.abort(new TagalongError('not-prepared', { container }));
    await own.ended;
  }

  return {
    of: listOf,
    start(container, to, answer, rateBytesPerSecond) {
      const memory = startMemoryAhead({
        container,
        from: options.node,
        to,
        peers,
        bases,
        pageBytes,
        theirs: answer.base,
      });
      const limit = () => {
        const carried = memory.linkBytesPerSecond();
        return rateBytesPerSecond ?? (carried === undefined ? undefined : carried * linkPart);
      };
      const stopping = new AbortController();
      const own: Running = {
        to,
        at: undefined,
        baseBytes: 0,
        memory,
        stopping,
        ended: Promise.resolve(),
        first: Promise.resolve(),
      };
      const { promise, reject } = first(own);
      promise.catch(() => undefined); // awaited by who asked for it
      running.set(container, [...listOf(container), own]);
      const ended = keepWarm(container, own, answer, limit)
        .catch((error: unknown) => {
          reject(error);
          if (!stopping.signal.aborted) log.warn({ err: error, container, to }, 'a node is no longer kept warm');
        })
        .finally(() => forget(container, own));
      return Object.assign(own, { ended, first: promise });
    },
    async stop(container, to) {
      const chosen = listOf(container).filter((own) => to === undefined || own.to === to);
      await Promise.all(chosen.map((own) => end(container, own)));
      return chosen.length;
    },
    async takeFor(container, to) {
      const all = listOf(container);
      await Promise.all(all.map((own) => end(container, own)));
      return all.find((own) => own.to === to && own.at !== undefined)?.memory;
    },
    async stopAll() {
      await Promise.all(
        [...running.keys()].flatMap((container) => listOf(container).map((own) => end(container, own))),
      );
    },
  };
}
