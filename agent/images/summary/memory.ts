import type { FilesById } from '../checkFiles.ts';
import { checkEntries } from '../checkMemory.ts';
import type { ImageSet } from '../imageSet.ts';
import { type Mapping, type Memory, mappingStatus, memoryOf } from '../mm.ts';
import { type PagemapEntry, readPagemap } from '../pagemap.ts';
import { fileName } from './fileName.ts';

/** How much memory there is, and where its content is. */
export interface MemoryBytes {
  sizeBytes: number;
  /** In the images of this set. */
  dumpedBytes: number;
  /** In the images that it builds upon. */
  inParentBytes: number;
  /** Still where the process came from. */
  lazyBytes: number;
}

/** One mapping of a process. */
export interface MappingSummary extends MemoryBytes {
  /** In hexadecimal. */
  start: string;
  /** The path of its file, or a name in brackets as in /proc/PID/maps, or `anon`. */
  name: string;
  /** As in /proc/PID/maps, e.g. `rw-p`. */
  permissions: string;
}

const special = [
  ['vsyscall', '[vsyscall]'],
  ['vdso', '[vdso]'],
  ['vvar', '[vvar]'],
  ['heap', '[heap]'],
  ['aioRing', '[aio]'],
  ['uprobes', '[uprobes]'],
  ['sysvIpc', '[shared memory of System V]'],
  ['shadowStack', '[shadow stack]'],
] as const;

function nameOf(mapping: Mapping, memory: Memory, files: FilesById): string {
  const { start, end, status, fileId, sharedId } = mapping;
  const named = special.find(([key]) => (status & mappingStatus[key]) !== 0);
  if (named !== undefined) return named[1];
  if (memory.startStack >= start && memory.startStack < end) return '[stack]';
  const id = fileId ?? ((status & mappingStatus.memfd) !== 0 ? Number(sharedId) : undefined);
  const file = id === undefined ? undefined : files.get(id);
  if (file !== undefined) return fileName(file);
  return (status & mappingStatus.anonShared) !== 0 ? 'anon, shared' : 'anon';
}

function permissionsOf({ prot, flags }: Mapping): string {
  const letters = ['r', 'w', 'x'].map((letter, bit) => ((prot & (1 << bit)) !== 0 ? letter : '-'));
  return `${letters.join('')}${(flags & 1) !== 0 ? 's' : 'p'}`;
}

/** The bytes of ascending entries within a mapping; `from` is the first entry that may reach into it. */
function bytesWithin(mapping: Mapping, entries: readonly PagemapEntry[], from: number, pageBytes: number): MemoryBytes {
  const sum = { sizeBytes: mapping.end - mapping.start, dumpedBytes: 0, inParentBytes: 0, lazyBytes: 0 };
  for (let index = from; index < entries.length; index++) {
    const entry = entries[index];
    if (entry === undefined || entry.address >= mapping.end) break;
    const end = entry.address + entry.pages * pageBytes;
    const bytes = Math.max(0, Math.min(end, mapping.end) - Math.max(entry.address, mapping.start));
    if (entry.present) sum.dumpedBytes += bytes;
    else if (entry.inParent) sum.inParentBytes += bytes;
    else if (entry.lazy) sum.lazyBytes += bytes;
  }
  return sum;
}

/**
 * The mappings of a process, with where their content is.
 *
 * @throws TagalongError `bad-image`
 */
export function summarizeMappings(set: ImageSet, pid: number, files: FilesById, pageBytes: number): MappingSummary[] {
  const memory = memoryOf(set.entry('mm', pid));
  const file = `pagemap-${pid}.img`;
  const pagemap = readPagemap(set.bytes(file), file);
  checkEntries(file, pagemap, pageBytes);
  const { entries } = pagemap;
  let from = 0;
  return memory.mappings.map((mapping) => {
    while (from < entries.length) {
      const entry = entries[from];
      if (entry !== undefined && entry.address + entry.pages * pageBytes > mapping.start) break;
      from += 1;
    }
    return {
      start: `0x${BigInt(mapping.start).toString(16)}`,
      name: nameOf(mapping, memory, files),
      permissions: permissionsOf(mapping),
      ...bytesWithin(mapping, entries, from, pageBytes),
    };
  });
}

/** The sum of several. */
export function sumOf(parts: readonly MemoryBytes[]): MemoryBytes {
  const sum = { sizeBytes: 0, dumpedBytes: 0, inParentBytes: 0, lazyBytes: 0 };
  for (const part of parts) {
    sum.sizeBytes += part.sizeBytes;
    sum.dumpedBytes += part.dumpedBytes;
    sum.inParentBytes += part.inParentBytes;
    sum.lazyBytes += part.lazyBytes;
  }
  return sum;
}

/** The mappings of each name together, those with the most bytes in the images first. */
export function byName(mappings: readonly MappingSummary[]): (MemoryBytes & { name: string })[] {
  return [...Map.groupBy(mappings, ({ name }) => name)]
    .map(([name, same]) => ({ name, ...sumOf(same) }))
    .sort((a, b) => b.dumpedBytes - a.dumpedBytes || b.sizeBytes - a.sizeBytes);
}
