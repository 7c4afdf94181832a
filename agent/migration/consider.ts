import { TagalongError } from '../../broker/contract/errors.ts';
import type { RequestOf } from '../../broker/contract/requests.ts';
import { freezerOf } from '../../host/freezer.ts';
import type { Peers } from '../channel/peers.ts';
import type { Containers } from '../containers/containers.ts';
import type { ContainerRecord } from '../containers/record.ts';
import { contentBytes, readManifest } from '../files/manifest.ts';
import type { BaseIdentity, Bases } from '../memory/bases.ts';
import { sampleDirtyRate } from '../memory/dirtyRate.ts';
import { knownPart, sampleOf } from '../memory/sample.ts';
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
  /** The pause to aim at. */
  downtimeTargetMs: number;
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
  const memory = await openMemory(record, options);
  try {
    const [dirtyBytesPerSecond, manifest, here, there] = await Promise.all([
      memory.dirtyBytesPerSecond(),
      readManifest(containers.place(container).state),
      options.facts(),
      offerTo(to, record, options),
    ]);
    const { memoryBytes } = memory;
    const fileBytes = contentBytes(manifest);
    const link = peers.links()[to];
    const answer = there instanceof TagalongError ? undefined : there;
    const lazyProblem = here.lazyProblem ?? answer?.facts.lazyProblem;
    const downtimeTargetMs = request.downtimeMs ?? costs.downtimeTargetMs;
    const circumstances = {
      memoryBytes,
      dirtyBytesPerSecond,
      knownBytes: answer?.base === undefined ? 0 : memory.knownBytes(answer.base),
      fileBytes,
      linkBytesPerSecond: link?.throughputBytesPerSecond ?? costs.linkBytesPerSecond,
      rttMs: link?.rttMs ?? costs.rttMs,
      downtimeTargetMs,
      correction: experience.correctionsFor(to),
    };
    const choice = chooseTechnique(request.technique, circumstances, lazyProblem);
    const considered = { choice, answer, memoryBytes, fileBytes, downtimeTargetMs };
    if (there instanceof TagalongError)
      return { ...considered, blocked: [there], lazyRestore: false, withoutMemory: false };
    const { technique } = choice;
    const isLarge = memoryBytes > costs.eagerBytes || leavesPagesBehind(technique);
    return {
      ...considered,
      blocked: blockedReasons(here, there, { container, memoryBytes, fileBytes, technique }),
      lazyRestore: isLarge && there.facts.lazyProblem === undefined,
      withoutMemory: here.lazyProblem === undefined,
    };
  } finally {
    memory.close();
  }
}

/** What the destination says to it, or why it says nothing. */
async function offerTo(to: string, { spec }: ContainerRecord, { peers }: ConsiderOptions) {
  try {
    return await peers.ask(to, 'POST', '/v1/offers', { spec }, offerAnswerSchema, { timeoutMs: 5000 });
  } catch (error) {
    if (error instanceof TagalongError) return error;
    throw error;
  }
}

/** So many pages tell how fast memory changes, and how much of it the destination has. */
const samplePages = 4096;

async function openMemory(record: ContainerRecord, { bases, pageBytes, experience }: ConsiderOptions) {
  const { name: container } = record.spec;
  const processes =
    record.pid === undefined
      ? []
      : await freezerOf(record.pid)
          .then((freezer) => openProcesses(freezer, pageBytes))
          .catch((error: unknown) => {
            throw new TagalongError('container-not-running', { container, status: 'stopped' }, error); // it has just ended
          });
  const sample = sampleOf(processes, samplePages);
  const memoryBytes = sample.totalPages * pageBytes;
  return {
    memoryBytes,
    dirtyBytesPerSecond: async () => experience.dirtyRateOf(container) ?? (await sampleDirtyRate(sample, pageBytes)),
    /** How much of it the destination has as it is now, where both nodes know what it has. */
    knownBytes(theirs: BaseIdentity): number {
      const base = bases.open(container, theirs);
      return base === undefined ? 0 : knownPart(sample, base.store, pageBytes) * memoryBytes;
    },
    close() {
      for (const process of processes) process.close();
    },
  };
}
