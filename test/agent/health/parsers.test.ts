import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { cgroupModeOf } from '../../../agent/health/cgroupMode.ts';
import { parseMeminfo, within } from '../../../agent/health/memory.ts';
import { pageSizeIn } from '../../../agent/health/pageSize.ts';
import { parseProcessor } from '../../../agent/health/processor.ts';
import { busyFraction, parseProcessorTime, readTemperature } from '../../../agent/health/readings.ts';

test('reads processors of PCs, of a Raspberry Pi, and takes what all cores can', (t) => {
  t.deepEqual(parseProcessor('processor\t: 0\nmodel name\t: A CPU\nflags\t\t: fpu sse avx\n\nflags\t\t: fpu sse\n'), {
    model: 'A CPU',
    features: ['fpu', 'sse'],
  });
  const pi =
    'processor\t: 0\nFeatures\t: fp asimd evtstrm crc32 cpuid\n\nHardware\t: BCM2835\nModel\t\t: Raspberry Pi 3 Model B\n';
  t.deepEqual(parseProcessor(pi), {
    model: 'Raspberry Pi 3 Model B',
    features: ['asimd', 'cpuid', 'crc32', 'evtstrm', 'fp'],
  });
  t.deepEqual(parseProcessor(''), { features: [] });
});

test('cuts the memory down to the limit of the control group', (t) => {
  const memory = parseMeminfo('MemTotal:       1000 kB\nMemFree:  10 kB\nMemAvailable:    600 kB\n');
  t.deepEqual(memory, { memoryBytes: 1_024_000, memoryAvailableBytes: 614_400 });
  t.deepEqual(within(memory, undefined), memory);
  t.deepEqual(within(memory, { limitBytes: 2 ** 62, usedBytes: 5 }), memory);
  t.deepEqual(within(memory, { limitBytes: 500_000, usedBytes: 100_000 }), {
    memoryBytes: 500_000,
    memoryAvailableBytes: 400_000,
  });
  t.is(within(memory, { limitBytes: 500_000, usedBytes: 600_000 }).memoryAvailableBytes, 0);
});

test('tells cgroup modes apart by file systems', (t) => {
  const [tmpfs, v1, v2] = [0x01021994, 0x27e0eb, 0x63677270];
  t.is(cgroupModeOf(v2, [v2, v2]), 'v2');
  t.is(cgroupModeOf(tmpfs, [v1, v1]), 'v1');
  t.is(cgroupModeOf(tmpfs, [v1, v2, undefined]), 'hybrid');
  t.is(cgroupModeOf(tmpfs, []), 'none');
  t.is(cgroupModeOf(undefined, []), 'none');
});

test('finds the page size', (t) => {
  const vector = Buffer.alloc(48);
  vector.writeBigUInt64LE(16n, 0);
  vector.writeBigUInt64LE(6n, 16);
  vector.writeBigUInt64LE(16384n, 24);
  t.is(pageSizeIn(vector), 16384);
  t.is(pageSizeIn(vector.subarray(0, 20)), undefined);
});

test('counts busy ticks, without the guests that are in them already', (t) => {
  const before = parseProcessorTime('cpu  100 0 50 800 50 0 0 0 40 0\ncpu0 1 2 3\n');
  const after = parseProcessorTime('cpu  130 10 60 840 60 0 0 0 60 0\n');
  t.deepEqual(before, { busy: 150, total: 1000 });
  t.is(busyFraction(before, after), 0.5);
  t.is(busyFraction(after, before), 0);
  t.is(busyFraction(before, before), 0);
});

test('reads the temperature of the processor among others', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'tagalong-thermal-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  t.is(await readTemperature(root), undefined);
  for (const [index, [type, temperature]] of [
    ['acpitz', '27800\n'],
    ['wifi', '\n'],
    ['cpu-thermal', '48312\n'],
  ].entries()) {
    await mkdir(join(root, `thermal_zone${index}`));
    await writeFile(join(root, `thermal_zone${index}`, 'type'), `${type}\n`);
    await writeFile(join(root, `thermal_zone${index}`, 'temp'), temperature ?? '');
  }
  t.is(await readTemperature(root), 48.312);
});
