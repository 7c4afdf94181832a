import { readdir, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** How long all processors together have worked and have been there, in ticks since the start of the machine. */
export interface ProcessorTime {
  busy: number;
  total: number;
}

/** Reads the first line of /proc/stat: user nice system idle iowait irq softirq steal (the guests are within user). */
export function parseProcessorTime(stat: string): ProcessorTime {
  const ticks = (/^cpu +([\d ]+)$/m.exec(stat)?.[1] ?? '').split(' ').map(Number).slice(0, 8);
  const total = ticks.reduce((sum, value) => sum + value, 0);
  return { busy: total - (ticks[3] ?? 0) - (ticks[4] ?? 0), total };
}

/** The part of the time between two readings in which the processors worked, from 0 to 1. */
export function busyFraction(before: ProcessorTime, after: ProcessorTime): number {
  const total = after.total - before.total;
  if (total <= 0) return 0;
  return Math.min(1, Math.max(0, (after.busy - before.busy) / total));
}

export async function readProcessorTime(): Promise<ProcessorTime> {
  return parseProcessorTime(await readFile('/proc/stat', 'utf8'));
}

export interface Disk {
  diskBytes: number;
  diskAvailableBytes: number;
}

/** Size and free space of the file system that a directory is on; zeros where there is no such directory. */
export async function readDisk(directory: string): Promise<Disk> {
  const found = await statfs(directory).catch(() => undefined);
  if (!found) return { diskBytes: 0, diskAvailableBytes: 0 };
  return { diskBytes: found.blocks * found.bsize, diskAvailableBytes: found.bavail * found.bsize };
}

/**
 * The temperature of the processor in degrees Celsius, by the thermal zone that is named after it, or else the first one.
 * @returns undefined where the machine has no sensor, or one that says nonsense
 */
export async function readTemperature(root = '/sys/class/thermal'): Promise<number | undefined> {
  const names = await readdir(root).catch(() => []);
  const zones = await Promise.all(
    names
      .filter((name) => name.startsWith('thermal_zone'))
      .sort()
      .map(async (name) => {
        const read = (file: string) => readFile(join(root, name, file), 'utf8').catch(() => '');
        const [type, temperature] = await Promise.all([read('type'), read('temp')]);
        return { type, celsius: temperature.trim() === '' ? Number.NaN : Number(temperature) / 1000 };
      }),
  );
  const sound = zones.filter(({ celsius }) => celsius > -60 && celsius < 200);
  return (sound.find(({ type }) => /cpu|soc|x86_pkg/i.test(type)) ?? sound[0])?.celsius;
}
