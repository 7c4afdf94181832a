import test from 'ava';
import { conditionsOf, isHopeless } from '../../../bench/migration/benchmark.ts';
import { parseContestants, parseLinks, parseMemories, scopeOf } from '../../../bench/migration/command.ts';
import { contestantNames, ownName } from '../../../bench/migration/contestants.ts';
import { moveLimitMs } from '../../../bench/migration/run.ts';
import { parseVersions } from '../../../bench/migration/versions.ts';
import { failed, measured } from '../report/support.ts';

test('lists on the command line are read, and refused where a word is wrong', (t) => {
  t.deepEqual(parseMemories('1,64,256'), [1, 64, 256]);
  t.deepEqual(parseLinks('free,1000,100'), [null, 1000, 100]);
  t.deepEqual(parseContestants('podman,tagalong-cold'), ['podman', 'tagalong-cold']);
  t.throws(() => parseMemories('1,x'));
  t.throws(() => parseMemories(''));
  t.throws(() => parseLinks('0'));
  t.throws(() => parseContestants('docker'), { message: /recipe-cold/ });
});

test('the full benchmark and the quick one; what is asked for wins', (t) => {
  const all = { linksMbps: [null], contestants: contestantNames };
  t.deepEqual(scopeOf({}), { ...all, runs: 5, memoriesMiB: [1, 64, 256] });
  t.deepEqual(scopeOf({ quick: true }), { ...all, runs: 1, memoriesMiB: [1, 64] });
  const asked = { runs: 3, memory: [2], contestants: [ownName] };
  t.deepEqual(scopeOf({ quick: true, ...asked }), {
    runs: 3,
    memoriesMiB: [2],
    linksMbps: [null],
    contestants: [ownName],
  });
});

test('every link meets every size', (t) => {
  const conditions = conditionsOf({ memoriesMiB: [1, 64], linksMbps: [null, 100] });
  t.deepEqual(
    conditions.map(({ memoryMiB, linkMbps }) => [memoryMiB, linkMbps]),
    [
      [1, null],
      [64, null],
      [1, 100],
      [64, 100],
    ],
  );
});

test('a contestant is given up after two failures in a row', (t) => {
  const good = measured(1, 2, 3);
  const bad = failed('no');
  t.false(isHopeless([]));
  t.false(isHopeless([bad]));
  t.false(isHopeless([bad, good, bad]));
  t.true(isHopeless([good, bad, bad]));
});

test('a move may take at least what the link needs', (t) => {
  const seconds = (256 * 1024 * 1024 * 8) / 100e6;
  t.true(moveLimitMs({ memoryMiB: 256, dirtyMBps: 0, linkMbps: 100 }) > 2 * seconds * 1000);
});

test('ours is one of the contestants', (t) => {
  t.true(contestantNames.includes(ownName));
});

test('versions are read as the programs print them', (t) => {
  const printed = [
    'runC runc version 1.3.6+ds1',
    'CRIU Version: 4.2.1',
    'rsync rsync  version 3.5.1  protocol version 33',
    'Podman podman version 5.8.6',
  ].join('\n');
  t.deepEqual(parseVersions(printed), { runC: '1.3.6+ds1', CRIU: '4.2.1', rsync: '3.5.1', Podman: '5.8.6' });
});
