import test from 'ava';
import { blockedReasons, isOlder } from '../../../agent/migration/compare.ts';
import type { NodeFacts, OfferAnswer } from '../../../agent/migration/facts.ts';
import type { ErrorCode } from '../../../broker/contract/errors.ts';

const facts: NodeFacts = {
  node: 'ap1',
  architecture: 'x86_64',
  pageSizeBytes: 4096,
  cpuFeatures: ['sse2', 'avx2', 'mce'],
  cgroup: 'v2',
  criuVersion: '4.2.1',
  memoryAvailableBytes: 1 << 30,
  diskAvailableBytes: 1 << 30,
  draining: false,
  containers: 0,
  maxContainers: 4,
};
const there: OfferAnswer = {
  facts: { ...facts, node: 'ap2' },
  lacksImage: true,
  hasContainer: false,
  missingBinds: [],
};
const needs = { container: 'web', memoryBytes: 64 << 20, fileBytes: 1 << 20, technique: 'cold' } as const;

test('two equal nodes have no reason against a move', (t) => {
  t.deepEqual(blockedReasons(facts, there, needs), []);
});

const cases: [ErrorCode, Partial<NodeFacts>, Partial<OfferAnswer>][] = [
  ['container-exists', {}, { hasContainer: true }],
  ['node-draining', { draining: true }, {}],
  ['node-full', { containers: 4 }, {}],
  ['architecture-mismatch', { architecture: 'arm64' }, {}],
  ['cpu-features-missing', { cpuFeatures: ['sse2', 'mce'] }, {}],
  ['page-size-mismatch', { pageSizeBytes: 16384 }, {}],
  ['cgroup-mismatch', { cgroup: 'v1' }, {}],
  ['criu-missing', { criuProblem: 'not installed' }, {}],
  ['criu-too-old', { criuVersion: '4.1.1' }, {}],
  ['runc-missing', { runcProblem: 'not installed' }, {}],
  ['not-enough-memory', { memoryAvailableBytes: 100 << 20 }, {}],
  ['not-enough-disk', { diskAvailableBytes: 1 << 20 }, {}],
  ['bind-missing', {}, { missingBinds: ['/srv/data'] }],
];

for (const [code, changedFacts, changedAnswer] of cases) {
  test(`${code} is found, names the destination and has a remedy`, (t) => {
    const answer = { ...there, ...changedAnswer, facts: { ...there.facts, ...changedFacts } };
    const reasons = blockedReasons(facts, answer, needs);
    t.deepEqual(
      reasons.map((reason) => reason.code),
      [code],
    );
    t.regex(reasons[0]?.message ?? '', /ap2|web/);
    t.notRegex(`${reasons[0]?.message} ${reasons[0]?.remedy}`, /\{\w+\}/);
  });
}

test('a technique that leaves pages behind asks for it on both sides, the others do not', (t) => {
  const lazyProblem = 'no userfaultfd';
  const codes = (technique: 'cold' | 'pre-copy' | 'post-copy' | 'hybrid', here?: string, elsewhere?: string) =>
    blockedReasons(
      { ...facts, ...(here === undefined ? {} : { lazyProblem: here }) },
      { ...there, facts: { ...there.facts, ...(elsewhere === undefined ? {} : { lazyProblem: elsewhere }) } },
      { ...needs, technique },
    ).map(({ code }) => code);
  for (const technique of ['cold', 'pre-copy'] as const) t.deepEqual(codes(technique, lazyProblem, lazyProblem), []);
  for (const technique of ['post-copy', 'hybrid'] as const) {
    t.deepEqual(codes(technique), []);
    t.deepEqual(codes(technique, lazyProblem), ['technique-unavailable']);
    t.deepEqual(codes(technique, undefined, lazyProblem), ['technique-unavailable']);
  }
});

test('all reasons are told at once', (t) => {
  const answer = { ...there, facts: { ...there.facts, draining: true, containers: 9, architecture: 'arm64' } };
  t.is(blockedReasons(facts, answer, needs).length, 3);
});

test('flags that only the kernel can use do not matter on x86', (t) => {
  const answer = { ...there, facts: { ...there.facts, cpuFeatures: ['sse2', 'avx2'] } };
  t.deepEqual(blockedReasons(facts, answer, needs), []);
});

test('versions are compared by their numbers', (t) => {
  t.true(isOlder('4.1.1', '4.2'));
  t.true(isOlder('3.19', '4.2'));
  t.false(isOlder('4.2', '4.2'));
  t.false(isOlder('4.10', '4.2'));
  t.false(isOlder('4.2.1+ds1-1', '4.2'));
});
