import type { MessageOf } from './codec/fields.ts';
import { decodeImage } from './image.ts';
import { imageKinds } from './kinds.ts';
import type { mmEntry } from './messages/mm.ts';

/** The bits of a mapping's `status`. Source: criu/include/image.h. */
export const mappingStatus = {
  regular: 1 << 0,
  stack: 1 << 1,
  vsyscall: 1 << 2,
  vdso: 1 << 3,
  heap: 1 << 5,
  filePrivate: 1 << 6,
  fileShared: 1 << 7,
  anonShared: 1 << 8,
  anonPrivate: 1 << 9,
  sysvIpc: 1 << 10,
  socket: 1 << 11,
  vvar: 1 << 12,
  aioRing: 1 << 13,
  memfd: 1 << 14,
  shadowStack: 1 << 15,
  guard: 1 << 16,
  uprobes: 1 << 17,
} as const;

/** One mapping of the memory of a process (a "VMA"). */
export interface Mapping {
  /** First byte, and the byte behind the last. */
  start: number;
  end: number;
  /** Where it starts in its file, in bytes. */
  fileOffset: number;
  /** PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4. */
  prot: number;
  /** The MAP_… bits of mmap. */
  flags: number;
  /** Bits of {@link mappingStatus}. */
  status: number;
  /** The id of its file among the file entries, if it maps one. */
  fileId: number | undefined;
  /** The number of the shared memory (`pagemap-shmem-N.img`), or whatever else CRIU keeps in the field `shmid`. */
  sharedId: bigint;
}

/** The memory of a process: where its parts are, and its mappings. */
export interface Memory {
  /** Ascending, as in the image. */
  mappings: Mapping[];
  /** The id of the executable among the file entries. */
  executableId: number;
  startStack: number;
  startHeap: number;
  endHeap: number;
}

/**
 * Reads the mappings of a process.
 *
 * @param bytes - the whole file `mm-PID.img`
 * @throws TagalongError `bad-image`
 */
export function readMemory(bytes: Buffer, file = 'mm.img'): Memory {
  const [entry] = decodeImage(imageKinds.mm, bytes, file).entries;
  return memoryOf((entry as { message: MessageOf<typeof mmEntry> }).message);
}

/** The mappings of a process, from its decoded entry. */
export function memoryOf(entry: MessageOf<typeof mmEntry>): Memory {
  return {
    mappings: entry.vmas.map((vma) => ({
      start: Number(vma.start),
      end: Number(vma.end),
      fileOffset: Number(vma.pgoff),
      prot: vma.prot,
      flags: vma.flags,
      status: vma.status >>> 0,
      // since the restore by execve was given up, `fd` is unused and `shmid` names the file
      fileId:
        (vma.status & (mappingStatus.filePrivate | mappingStatus.fileShared)) !== 0 ? Number(vma.shmid) : undefined,
      sharedId: vma.shmid,
    })),
    executableId: entry.exeFileId,
    startStack: Number(entry.mmStartStack),
    startHeap: Number(entry.mmStartBrk),
    endHeap: Number(entry.mmBrk),
  };
}
