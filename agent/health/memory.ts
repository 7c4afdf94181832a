import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Memory {
  memoryBytes: number;
  memoryAvailableBytes: number;
}

/** What a control group says of its memory, in bytes. */
export interface MemoryLimit {
  limitBytes: number;
  /** Without the page cache that can be had back at once. */
  usedBytes: number;
}

/** Total and available memory out of the text of /proc/meminfo. */
export function parseMeminfo(text: string): Memory {
  const bytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { memoryBytes: bytes('MemTotal'), memoryAvailableBytes: bytes('MemAvailable') };
}

/** The machine's memory as a limit of its control group cuts it down: a lab's node, a container. */
export function within(memory: Memory, limit: MemoryLimit | undefined): Memory {
  if (limit === undefined || limit.limitBytes >= memory.memoryBytes) return memory;
  const leftBytes = Math.max(0, limit.limitBytes - limit.usedBytes);
  return {
    memoryBytes: limit.limitBytes,
    memoryAvailableBytes: Math.min(memory.memoryAvailableBytes, leftBytes),
  };
}

/** Where cgroup v2 and v1 keep limit, use and, within the statistics, the cache that can be had back. */
const places = [
  { directory: '', limit: 'memory.max', used: 'memory.current', cache: /^inactive_file (\d+)$/m },
  {
    directory: 'memory',
    limit: 'memory.limit_in_bytes',
    used: 'memory.usage_in_bytes',
    cache: /^total_inactive_file (\d+)$/m,
  },
];

/** The limit of the outermost control group that is visible here: that of the node, not that of the agent's service. */
async function readLimit(root: string): Promise<MemoryLimit | undefined> {
  for (const place of places) {
    const read = (name: string) => readFile(join(root, place.directory, name), 'utf8').catch(() => '');
    const [limit, used, statistics] = await Promise.all([read(place.limit), read(place.used), read('memory.stat')]);
    if (!/^\d+\n?$/.test(limit) || !/^\d+\n?$/.test(used)) continue;
    const cacheBytes = Number(place.cache.exec(statistics)?.[1] ?? 0);
    return { limitBytes: Number(limit), usedBytes: Math.max(0, Number(used) - cacheBytes) };
  }
  return undefined;
}

/** How much memory this node has, and how much of it is free for more. */
export async function readMemory(): Promise<Memory> {
  const [meminfo, limit] = await Promise.all([readFile('/proc/meminfo', 'utf8'), readLimit('/sys/fs/cgroup')]);
  return within(parseMeminfo(meminfo), limit);
}
