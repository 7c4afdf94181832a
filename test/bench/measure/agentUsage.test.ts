import test from 'ava';
import { makeUsageRecord, watchAgents } from '../../../bench/measure/agentUsage.ts';
import type { ProcessSample } from '../../../bench/measure/process.ts';

const mib = 1024 * 1024;

function sample(pid: number, given: Partial<ProcessSample> = {}): ProcessSample {
  return {
    pid,
    parentPid: 1,
    startTicks: 10,
    cpuTicks: 0,
    peakBytes: 0,
    fileBytes: 0,
    program: `/bin/${pid}`,
    command: `program ${pid}`,
    ...given,
  };
}

test('helpers count together, those that were there before left out', (t) => {
  const old = sample(61, { parentPid: 60, peakBytes: 5 * mib });
  const record = makeUsageRecord(60, [sample(60, { peakBytes: 100 * mib }), old]);
  record.add([sample(60, { peakBytes: 110 * mib }), old, sample(70, { parentPid: 60, peakBytes: 20 * mib })]);
  record.add([sample(60, { peakBytes: 120 * mib }), old, sample(71, { parentPid: 60, peakBytes: 8 * mib })]);
  t.is(record.usage().peakBytes, 120 * mib);
  t.is(record.usage().helpersPeakBytes, 20 * mib);
});

test('another process of the same program counts with the agent, but for the program itself', (t) => {
  const agent = sample(60, { peakBytes: 100 * mib, fileBytes: 50 * mib, program: '/bin/node' });
  const record = makeUsageRecord(60, [agent]);
  record.add([agent, sample(70, { parentPid: 60, peakBytes: 80 * mib, fileBytes: 45 * mib, program: '/bin/node' })]);
  t.is(record.usage().peakBytes, 135 * mib);
  t.is(record.usage().helpersPeakBytes, 0);
});

test('a process that was only just forked is no second agent', (t) => {
  const agent = sample(60, { peakBytes: 100 * mib });
  const record = makeUsageRecord(60, [agent]);
  record.add([agent, sample(70, { parentPid: 60, peakBytes: 100 * mib, command: agent.command })]);
  t.is(record.usage().peakBytes, 100 * mib);
});

test('the time of helpers that were waited for is in that of the agent, and counts once', (t) => {
  const record = makeUsageRecord(60, [sample(60, { cpuTicks: 1000 })]);
  record.add([sample(60, { cpuTicks: 1010 }), sample(70, { parentPid: 60, cpuTicks: 30 })]);
  record.add([sample(60, { cpuTicks: 1045 })]);
  t.is(record.usage().cpuMs, 450);
});

test('the time of helpers that nobody waits for is added, by what was last seen of it', (t) => {
  const older = sample(62, { cpuTicks: 500 });
  const record = makeUsageRecord(60, [sample(60, { cpuTicks: 1000 }), older]);
  record.add([sample(60, { cpuTicks: 1000 }), sample(70, { parentPid: 60, cpuTicks: 3 }), older]);
  record.add([sample(60, { cpuTicks: 1002 }), sample(70, { parentPid: 1, cpuTicks: 8 }), { ...older, cpuTicks: 501 }]);
  record.add([sample(60, { cpuTicks: 1002 })]);
  t.is(record.usage().cpuMs, (2 + 8 + 1) * 10);
});

test('where there is no agent, nothing is said of its needs', (t) => {
  t.is(watchAgents([process.pid])(), undefined);
});
