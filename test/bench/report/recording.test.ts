import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openRecording, parseRecording, readRecordings, recordedBy } from '../../../bench/report/recording.ts';
import { failed, measured, run } from './support.ts';

const machine = { cpuModel: 'Some CPU', cpuCount: 2, memoryBytes: 2 ** 33, kernel: '6.1.0', architecture: 'x64' };

test('what was recorded is read back as it was, also from two recordings', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tagalong-recording-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const more = { technique: 'hybrid', techniqueReason: 'so', frozenMs: 3, rounds: 1, agentCpuMs: 40 };
  const runs = [run('ours', 1, measured(1, 2, 3, { freezing: 4 }, more)), run('peer', 1, failed('late'), 100)];
  const refused = run('other', 1, { ...failed('no'), refused: true });
  const first = openRecording(join(directory, 'new', 'first.jsonl'));
  first.add({ kind: 'start', command: 'bench one', machine });
  first.add({ kind: 'versions', versions: { runC: '1' } });
  for (const one of runs) first.add({ kind: 'run', run: one });
  const second = openRecording(join(directory, 'second.jsonl'));
  second.add({ kind: 'start', command: 'bench two', machine });
  second.add({ kind: 'note', note: 'no netem' });
  second.add({ kind: 'run', run: refused });
  const recorded = await readRecordings([first.path, second.path]);
  t.deepEqual(recorded.runs, [...runs, refused]);
  t.like(recorded, { machine, versions: { runC: '1' }, notes: ['no netem'], commands: ['bench one', 'bench two'] });
});

test('the durations of recordings are added, not the time between them', (t) => {
  const start = (at: string) => JSON.stringify({ kind: 'start', command: 'bench', machine, at });
  const note = (at: string) => JSON.stringify({ kind: 'note', note: 'same', at });
  const recordings = [
    `${start('2030-01-01T00:00:00.000Z')}\n${note('2030-01-01T00:01:00.000Z')}\n`,
    `${start('2030-01-02T00:00:00.000Z')}\n${note('2030-01-02T00:00:05.000Z')}\n`,
  ].map((text) => parseRecording(text, 'a file'));
  t.like(recordedBy(recordings), { durationMs: 65_000, startedAt: '2030-01-01T00:00:00.000Z', notes: ['same'] });
});

test('a line that is none is told by its number', (t) => {
  const good = JSON.stringify({ kind: 'note', note: 'x', at: '' });
  t.throws(() => parseRecording(`${good}\n{"kind":"run"}\n`, 'old.jsonl'), { message: /old\.jsonl.*line 2/s });
  t.throws(() => parseRecording(`${good}\n{"kind":`, 'cut.jsonl'), { message: /line 2/ });
});

test('a recording that is not there is an error', async (t) => {
  await t.throwsAsync(readRecordings(['/nowhere/at/all.jsonl']), { code: 'command-failed' });
});
