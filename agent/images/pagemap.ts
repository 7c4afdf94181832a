import { badImage } from './badImage.ts';
import { entriesFrom, entryAt, frameImage, imageMagic, skipMagic } from './framing.ts';
import { pagemapEntry, pagemapHead } from './messages/pagemap.ts';

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

const words = imageMagic('pagemap');

/** A number that JavaScript holds exactly. Addresses above 2^53 are, as they are multiples of a page. */
function exact(value: bigint, what: string, file: string): number {
  const number = Number(value);
  if (BigInt(number) !== value) throw badImage(file, `the ${what} ${value} is out of range`);
  return number;
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
  const { pagesId } = pagemapHead.decode(bytes.subarray(head.start, head.end), file);
  const entries: PagemapEntry[] = [];
  for (const { start, end } of entriesFrom(bytes, head.end, file)) {
    const entry = pagemapEntry.decode(bytes.subarray(start, end), file);
    const flags = entry.flags ?? 0;
    const inParent = entry.inParent === true || (flags & PE_PARENT) !== 0;
    entries.push({
      address: exact(entry.vaddr, 'address', file),
      pages: entry.nrPages === undefined ? entry.compatNrPages : exact(entry.nrPages, 'number of pages', file),
      // an entry without flags is of a version that wrote present pages and holes only
      present: entry.flags === undefined ? !inParent : (flags & PE_PRESENT) !== 0,
      lazy: (flags & PE_LAZY) !== 0,
      inParent,
    });
  }
  return { pagesId, entries };
}

/** The pagemap as the bytes of an image, in the form of CRIU 4.2. */
export function writePagemap(pagemap: Pagemap): Buffer {
  return frameImage(words, [
    pagemapHead.encode({ pagesId: pagemap.pagesId }),
    ...pagemap.entries.map(({ address, pages, present, lazy, inParent }) =>
      pagemapEntry.encode({
        vaddr: BigInt(address),
        compatNrPages: 0,
        flags: (inParent ? PE_PARENT : 0) | (lazy ? PE_LAZY : 0) | (present ? PE_PRESENT : 0),
        nrPages: BigInt(pages),
      }),
    ),
  ]);
}
