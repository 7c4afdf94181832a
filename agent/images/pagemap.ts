import { badImage } from './badImage.ts';
import { varintEnd, varintValue, writeVarint } from './codec/varint.ts';
import { entriesFrom, entryAt, frameImage, skipMagic } from './framing.ts';
import { imageKinds } from './kinds.ts';

/** A run of pages of a process. */
export interface PagemapEntry {
  /** Where it starts in the memory of the process, in bytes. */
  address: number;
  /** How many pages it has. */
  pages: number;
  /** Its pages are in the pages image, behind those of the present entries before it. */
  present: boolean;
  /** Its pages may be fetched after the process runs again. */
  lazy: boolean;
  /** Its pages are in the parent images. */
  inParent: boolean;
}

/** Which pages of one process (or of one shared memory) were dumped, and where they are. */
export interface Pagemap {
  /** The number N in the name of `pages-N.img`. */
  pagesId: number;
  /** Ascending. */
  entries: PagemapEntry[];
}

// criu/include/pagemap.h
const PE_PARENT = 1;
const PE_LAZY = 2;
const PE_PRESENT = 4;

const { words, entry: codec, head: headCodec } = imageKinds.pagemap;

/** The process whose pages an image of this name lists; undefined where it is another kind of image. */
export function pagemapPid(name: string): number | undefined {
  const pid = /^pagemap-(\d+)\.img$/.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** The greatest size of an entry as it is written here, its length included: 4 + 11 + 2 + 2 + 11, in bytes. */
const entryBytes = 30;

/** The fields of an entry as numbers; undefined where there is none. */
interface Fields {
  vaddr: number;
  compatNrPages: number;
  inParent: number | undefined;
  flags: number | undefined;
  nrPages: number | undefined;
}

const fieldNames = ['', 'vaddr', 'compatNrPages', 'inParent', 'flags', 'nrPages'] as const;

/** Reads an entry that was checked. There may be a hundred thousand, and the container waits: the library takes five times as long. */
function readFields(bytes: Buffer, start: number, end: number): Fields {
  const fields: Fields = { vaddr: 0, compatNrPages: 0, inParent: undefined, flags: undefined, nrPages: undefined };
  let at = start;
  while (at < end) {
    const tag = bytes[at] ?? 0;
    const valueEnd = varintEnd(bytes, at + 1, end);
    const name = fieldNames[tag >> 3];
    // newer fields than these, which have other numbers or types
    if (name === undefined || name === '' || (tag & 7) !== 0) return readSlowly(bytes.subarray(start, end));
    fields[name] = varintValue(bytes, at + 1, valueEnd);
    at = valueEnd;
  }
  return fields;
}

function readSlowly(bytes: Buffer): Fields {
  const { vaddr, compatNrPages, inParent, flags, nrPages } = codec.decode(bytes, 'pagemap');
  return {
    vaddr: Number(vaddr),
    compatNrPages,
    inParent: inParent === undefined ? undefined : Number(inParent),
    flags,
    nrPages: nrPages === undefined ? undefined : Number(nrPages),
  };
}

/**
 * Reads a pagemap image, also of older versions of CRIU: before 4.2 the count was in another field, before 3.0 the flags.
 *
 * @param bytes - the whole file `pagemap-PID.img` or `pagemap-shmem-ID.img`
 * @param file - its name, for errors
 * @throws TagalongError `bad-image` if it is no valid pagemap. Whether its entries make sense is for `checkImageSet` to say.
 */
export function readPagemap(bytes: Buffer, file = 'pagemap'): Pagemap {
  const head = entryAt(bytes, skipMagic(bytes, words, file), file);
  const pagesId = headCodec?.decode(bytes.subarray(head.start, head.end), file).pagesId ?? 0;
  const entries: PagemapEntry[] = [];
  for (const { start, end } of entriesFrom(bytes, head.end, file)) {
    const problem = codec.check(bytes, start, end);
    if (problem !== undefined) throw badImage(file, problem);
    const { vaddr, compatNrPages, inParent, flags, nrPages } = readFields(bytes, start, end);
    const pages = nrPages ?? compatNrPages;
    if (vaddr > Number.MAX_SAFE_INTEGER || pages > Number.MAX_SAFE_INTEGER)
      throw badImage(file, `its entry at byte ${start} is about memory that no process has`);
    const parent = inParent === 1 || ((flags ?? 0) & PE_PARENT) !== 0;
    entries.push({
      address: vaddr,
      pages,
      // an entry without flags is of a version that wrote present pages and holes only
      present: flags === undefined ? !parent : (flags & PE_PRESENT) !== 0,
      lazy: ((flags ?? 0) & PE_LAZY) !== 0,
      inParent: parent,
    });
  }
  return { pagesId, entries };
}

/** The pagemap as the bytes of an image, in the form of CRIU 4.2. */
export function writePagemap(pagemap: Pagemap): Buffer {
  const head = frameImage(words, [{ content: headCodec?.encode({ pagesId: pagemap.pagesId }) ?? Buffer.alloc(0) }]);
  const bytes = Buffer.alloc(head.length + pagemap.entries.length * entryBytes);
  let at = head.copy(bytes);
  for (const { address, pages, present, lazy, inParent } of pagemap.entries) {
    const start = at + 4;
    bytes[start] = 0x08;
    let end = writeVarint(bytes, start + 1, address);
    // the old count, which is required
    bytes[end++] = 0x10;
    bytes[end++] = 0;
    bytes[end++] = 0x20;
    bytes[end++] = (inParent ? PE_PARENT : 0) | (lazy ? PE_LAZY : 0) | (present ? PE_PRESENT : 0);
    bytes[end++] = 0x28;
    end = writeVarint(bytes, end, pages);
    bytes.writeUInt32LE(end - start, at);
    at = end;
  }
  return bytes.subarray(0, at);
}
