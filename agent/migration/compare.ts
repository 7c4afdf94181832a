import { TagalongError } from '../../broker/contract/errors.ts';
import type { NodeFacts, OfferAnswer } from './facts.ts';
import { leavesPagesBehind, type Technique } from './plan.ts';

export interface Needs {
  container: string;
  /** Resident memory now; images lie in memory on both ends while they travel. */
  memoryBytes: number;
  /** Changed files and volumes. */
  fileBytes: number;
  technique: Technique;
}

/** The oldest CRIU that restores on kernels from 6.16 on. */
const minimumCriu = '4.2';

/**
 * Instruction sets that a program may have chosen at its start. Flags that the kernel invents, and those that only it can
 * use, are left out. Elsewhere than on x86 every flag of the list counts.
 */
const x86Instructions =
  /^(fpu|mmx|s?sse\d*(_\d)?|sse4[ab]|pni|avx.*|aes|pclmulqdq|fma4?|bmi\d|f16c|rdrand|rdseed|adx|sha_ni|vaes|gfni|vpclmulqdq|movbe|popcnt|abm|lzcnt|xsave.*|pku|amx.*|cx16|cx8|cmov|fxsr|erms|fsrm|clflush.*|clwb|rdtscp|rdpid|serialize|waitpkg|movdiri|movdir64b|3dnow.*|lahf_lm|fsgsbase|invpcid|xop|tbm|lwp|user_shstk|ospke)$/;

/**
 * Every reason why a container cannot move from one node to another, pure: an empty list where it can.
 * CRIU's own processor check is a stub on arm64, so the features are compared here.
 */
export function blockedReasons(source: NodeFacts, answer: OfferAnswer, needs: Needs): TagalongError[] {
  const there = answer.facts;
  const node = there.node;
  const reasons: TagalongError[] = [];
  const block = (...reason: ConstructorParameters<typeof TagalongError>) => reasons.push(new TagalongError(...reason));

  if (answer.hasContainer) block('container-exists', { container: needs.container, node });
  if (there.draining) block('node-draining', { node });
  if (there.containers >= there.maxContainers) block('node-full', { node, containers: there.containers });
  if (source.architecture !== there.architecture) {
    block('architecture-mismatch', { node, from: source.architecture, to: there.architecture });
  } else {
    const features = missingFeatures(source, there);
    if (features.length > 0) block('cpu-features-missing', { node, features: features.join(' ') });
  }
  if (source.pageSizeBytes !== there.pageSizeBytes) {
    block('page-size-mismatch', { node, from: source.pageSizeBytes, to: there.pageSizeBytes });
  }
  if (source.cgroup !== there.cgroup) block('cgroup-mismatch', { node, from: source.cgroup, to: there.cgroup });
  for (const facts of [source, there]) {
    if (facts.criuProblem !== undefined) block('criu-missing', { node: facts.node, problem: facts.criuProblem });
    else if (isOlder(facts.criuVersion ?? '0', minimumCriu)) {
      block('criu-too-old', { node: facts.node, version: facts.criuVersion, minimum: minimumCriu });
    }
    if (facts.runcProblem !== undefined) block('runc-missing', { node: facts.node, problem: facts.runcProblem });
  }
  // the images and the memory they become are there side by side for a moment
  const neededBytes = 2 * needs.memoryBytes + (32 << 20);
  if (there.memoryAvailableBytes < neededBytes) {
    block('not-enough-memory', { node, availableBytes: there.memoryAvailableBytes, neededBytes });
  }
  const neededDisk = needs.fileBytes + (16 << 20);
  if (there.diskAvailableBytes < neededDisk) {
    block('not-enough-disk', { node, availableBytes: there.diskAvailableBytes, neededBytes: neededDisk });
  }
  if (leavesPagesBehind(needs.technique)) {
    for (const { node: name, lazyProblem } of [source, there]) {
      if (lazyProblem === undefined) continue;
      block('technique-unavailable', {
        technique: needs.technique,
        node: name,
        problem: `${name} cannot do without its memory: ${lazyProblem}`,
      });
    }
  }
  for (const path of answer.missingBinds) block('bind-missing', { node, path });
  return reasons;
}

function missingFeatures(source: NodeFacts, there: NodeFacts): string[] {
  const has = new Set(there.cpuFeatures);
  const matters = source.architecture === 'x86_64' ? (flag: string) => x86Instructions.test(flag) : () => true;
  return source.cpuFeatures.filter((flag) => matters(flag) && !has.has(flag));
}

/** Compares dotted version numbers by their numbers. */
export function isOlder(version: string, minimum: string): boolean {
  const parts = (text: string) => text.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0);
  const [a, b] = [parts(version), parts(minimum)];
  for (let index = 0; index < b.length; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
