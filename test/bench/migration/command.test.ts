import test from 'ava';
import {
  documentOf,
  parseContestants,
  parseLinks,
  parseMemories,
  parseRates,
} from '../../../bench/migration/command.ts';
import { moveLimitMs } from '../../../bench/migration/run.ts';
import { parseVersions } from '../../../bench/migration/versions.ts';
import { measured, run } from '../report/support.ts';

test('lists on the command line are read, and refused where a word is wrong', (t) => {
  t.deepEqual(parseMemories('1,64,256'), [1, 64, 256]);
  t.deepEqual(parseRates('0,10'), [0, 10]);
  t.deepEqual(parseLinks('free,1000,100'), [null, 1000, 100]);
  t.deepEqual(parseContestants('podman,tagalong-cold'), ['podman', 'tagalong-cold']);
  t.throws(() => parseMemories('1,x'));
  t.throws(() => parseMemories(''));
  t.throws(() => parseRates('-1'));
  t.throws(() => parseLinks('0'));
  t.throws(() => parseContestants('docker'), { message: /recipe-cold/ });
});

test('a move may take at least what the link needs', (t) => {
  const seconds = (256 * 1024 * 1024 * 8) / 100e6;
  t.true(moveLimitMs({ memoryMiB: 256, dirtyMBps: 0, linkMbps: 100, rttMs: 0 }) > 2 * seconds * 1000);
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

test('a document is made of what was recorded', (t) => {
  const document = documentOf({
    runs: [run('tagalong-auto', 1, measured(90, 2, 3)), run('podman', 1, measured(80, 2, 3))],
    notes: ['no netem'],
    machine: undefined,
    versions: { runC: '1' },
    commands: ['bench one', 'bench two'],
    startedAt: '2030-01-01T00:00:00.000Z',
    durationMs: 5,
  });
  t.is(document.cells.length, 2);
  t.like(document.lostCells[0], { best: 'podman', bestGapMs: 80, autoGapMs: 90 });
  t.like(document, { notes: ['no netem'], command: 'bench one\nbench two', durationMs: 5 });
  t.true(document.claims.some(({ verdict }) => verdict === 'does not hold'));
});
