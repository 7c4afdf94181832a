import { TagalongError } from '../../broker/contract/errors.ts';
import type { RequestOf } from '../../broker/contract/requests.ts';
import { freezerOf } from '../../host/freezer.ts';
import type { Peers } from '../channel/peers.ts';
import type { Containers } from '../containers/containers.ts';
import type { ContainerRecord } from '../containers/record.ts';
import { contentBytes, readManifest } from '../files/manifest.ts';
import type { Bases } from '../memory/bases.ts';
import { sampleDirtyRate } from '../memory/dirtyRate.ts';
import { type Choice, chooseTechnique } from './chooseTechnique.ts';
import { blockedReasons } from './compare.ts';
import { costs } from './estimate.ts';
import type { Experience } from './experience.ts';
import { type NodeFacts, type OfferAnswer, offerAnswerSchema } from './facts.ts';
import { openProcesses } from './memoryAhead.ts';
import { leavesPagesBehind } from './plan.ts';

/** A move that was thought through, and not begun. */
export interface Consideration {
  /** Every reason why it cannot be. */
  blocked: TagalongError[];
  choice: Choice;
  answer: OfferAnswer | undefined;
  memoryBytes: number;
  fileBytes: number;
  /** Whether the destination brings memory in while the container runs there. */
  lazyRestore: boolean;
  /** Whether CRIU can leave memory out of its images here. */
  withoutMemory: boolean;
}

export interface ConsiderOptions {
  containers: Containers;
  peers: Peers;
  bases: Bases;
  pageBytes: number;
  experience: Experience;
  facts: () => Promise<NodeFacts>;
}

/** Compares both nodes and estimates. Nothing is changed. */
export async function considerMove(
  request: RequestOf<'migrate'>,
  record: ContainerRecord,
  options: ConsiderOptions,
): Promise<Consideration> {
  const { containers, peers, experience } = options;
  const { container, to } = request;
  const [memory, manifest, here] = await Promise.all([
    lookAtMemory(record, options),
    readManifest(containers.place(container).state),
    options.facts(),
  ]);
  const fileBytes = contentBytes(manifest);
  const { memoryBytes } = memory;
  const link = peers.links()[to];
  const choose = (knownBytes: number, lazyProblem: string | undefined) =>
    chooseTechnique(
      request.technique,
      {
        ...memory,
        knownBytes,
        fileBytes,
        linkBytesPerSecond: link?.throughputBytesPerSecond ?? costs.linkBytesPerSecond,
        rttMs: link?.rttMs ?? costs.rttMs,
        correction: experience.correctionsFor(to),
      },
      lazyProblem,
    );
  try {
    const offer = { spec: record.spec };
    const answer = await peers.ask(to, 'POST', '/v1/offers', offer, offerAnswerSchema, { timeoutMs: 5000 });
    const choice = choose(knownBytesOf(container, answer, options), here.lazyProblem ?? answer.facts.lazyProblem);
    const { technique } = choice;
    const isLarge = memoryBytes > costs.eagerBytes || leavesPagesBehind(technique);
    return {
      blocked: blockedReasons(here, answer, { container, memoryBytes, fileBytes, technique }),
      choice,
      answer,
      memoryBytes,
      fileBytes,
      lazyRestore: isLarge && answer.facts.lazyProblem === undefined,
      withoutMemory: here.lazyProblem === undefined,
    };
  } catch (error) {
    if (!(error instanceof TagalongError)) throw error;
    const choice = choose(0, here.lazyProblem);
    return {
      blocked: [error],
      choice,
      answer: undefined,
      memoryBytes,
      fileBytes,
      lazyRestore: false,
      withoutMemory: false,
    };
  }
}

/** How much of the container's memory both nodes know that the destination has. */
function knownBytesOf(container: string, answer: OfferAnswer, { bases, pageBytes }: ConsiderOptions): number {
  const base = answer.base === undefined ? undefined : bases.open(container, answer.base);
  return (base?.store.knownPages ?? 0) * pageBytes;
}

async function lookAtMemory(record: ContainerRecord, { pageBytes, experience }: ConsiderOptions) {
  if (record.pid === undefined) return { memoryBytes: 0, dirtyBytesPerSecond: 0 };
  const { name: container } = record.spec;
  const processes = await freezerOf(record.pid)
    .then((freezer) => openProcesses(freezer, pageBytes))
    .catch((error: unknown) => {
      throw new TagalongError('container-not-running', { container, status: 'stopped' }, error); // it has just ended
    });
  try {
    const pages = processes.reduce(
      (sum, process) => sum + process.ownPages().reduce((part, { count }) => part + count, 0),
      0,
    );
    const dirtyBytesPerSecond =
      experience.dirtyRateOf(record.spec.name) ?? (await sampleDirtyRate(processes, pageBytes));
    return { memoryBytes: pages * pageBytes, dirtyBytesPerSecond };
  } finally {
    for (const process of processes) process.close();
  }
}
