import { badImage } from './badImage.ts';
import type { FilesById } from './checkFiles.ts';
import type { LiveProcess } from './checkProcesses.ts';
import type { ImageSet } from './imageSet.ts';
import { type Mapping, mappingStatus, memoryOf } from './mm.ts';
import { type Pagemap, readPagemap } from './pagemap.ts';

/** A stretch of addresses: the first, and the one behind the last. */
interface Stretch {
  start: number;
  end: number;
}

/** Joins stretches that follow each other without a gap. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const { start, end } of stretches) {
    const last = result.at(-1);
    if (last !== undefined && last.end === start) last.end = end;
    else result.push({ start, end });
  }
  return result;
}

/** The first of ascending stretches that does not lie within others, ascending and joined. */
function outsider(inner: readonly Stretch[], outer: readonly Stretch[]): Stretch | undefined {
  let index = 0;
  return inner.find(({ start, end }) => {
    while ((outer[index]?.end ?? Number.POSITIVE_INFINITY) <= start) index += 1;
    const around = outer[index];
    return around === undefined || start < around.start || end > around.end;
  });
}

function addressText(address: number): string {
  return `0x${BigInt(address).toString(16)}`;
}

function stretchesOf(pagemap: Pagemap, pageBytes: number): (Stretch & { inParent: boolean })[] {
  return pagemap.entries.map(({ address, pages, inParent }) => ({
    start: address,
    end: address + pages * pageBytes,
    inParent,
  }));
}

/** Checks the mappings of a process: aligned, ascending, of files that are there. */
function checkMappings(file: string, mappings: readonly Mapping[], files: FilesById, pageBytes: number): Stretch[] {
  // guards are no mappings of their own, but lie within others, and stand at the end
  const real = mappings.filter(({ status }) => (status & mappingStatus.guard) === 0);
  let before = 0;
  for (const { start, end, fileId } of real) {
    if (start % pageBytes !== 0 || end % pageBytes !== 0 || end <= start)
      throw badImage(file, `the mapping at ${addressText(start)} is not one of whole pages`);
    if (start < before) throw badImage(file, `the mapping at ${addressText(start)} is not behind the one before it`);
    if (fileId !== undefined && !files.has(fileId)) throw badImage(file, `there is no file ${fileId} to map`);
    before = end;
  }
  return joined(real);
}

/**
 * Checks the entries of a pagemap: whole pages, ascending, each in one place.
 *
 * @throws TagalongError `bad-image`
 */
export function checkEntries(file: string, pagemap: Pagemap, pageBytes: number): void {
  let before = 0;
  for (const { address, pages, present, lazy, inParent } of pagemap.entries) {
    const at = `the entry at ${addressText(address)}`;
    if (address % pageBytes !== 0) throw badImage(file, `${at} is not at the start of a page`);
    if (address < before) throw badImage(file, `${at} is not behind the one before it`);
    if (pages < 1) throw badImage(file, `${at} has no pages`);
    if (present && inParent) throw badImage(file, `${at} is both here and in the parent`);
    if (!present && !inParent && !lazy) throw badImage(file, `${at} is neither here nor in the parent`);
    before = address + pages * pageBytes;
  }
}

/** Checks that each page that is said to be in the parents is there. */
function checkInParents(file: string, pagemap: Pagemap, parents: readonly ImageSet[], pageBytes: number): void {
  const missing = stretchesOf(pagemap, pageBytes).filter(({ inParent }) => inParent);
  if (missing.length === 0) return;
  const [parent, ...older] = parents;
  if (parent === undefined || !parent.has(file)) throw badImage(file, 'pages of it are in a parent that is not there');
  const known = readPagemap(parent.bytes(file), file);
  const outside = outsider(joined(missing), joined(stretchesOf(known, pageBytes)));
  if (outside !== undefined)
    throw badImage(file, `the page at ${addressText(outside.start)} is not in the parent that it should be in`);
  if (older.length === 0 && known.entries.some(({ inParent }) => inParent))
    throw badImage(file, 'pages of its parent are in a parent that is not there');
}

/**
 * Checks one set of images for itself: its pagemaps, and that the images of pages are as large as these say.
 *
 * @returns all pagemaps by the names of their files
 */
function checkPagemaps(set: ImageSet, pageBytes: number): Map<string, Pagemap> {
  const pagemaps = new Map<string, Pagemap>();
  const pagesOf = new Map<number, number>();
  for (const { kind, file } of set.members) {
    if (kind !== 'pagemap' && kind !== 'pagemap-shmem') continue;
    const pagemap = readPagemap(set.bytes(file), file);
    checkEntries(file, pagemap, pageBytes);
    pagemaps.set(file, pagemap);
    const present = pagemap.entries.reduce((sum, entry) => sum + (entry.present ? entry.pages : 0), 0);
    pagesOf.set(pagemap.pagesId, (pagesOf.get(pagemap.pagesId) ?? 0) + present);
  }
  for (const [pagesId, pages] of pagesOf) {
    const file = `pages-${pagesId}.img`;
    const sizeBytes = set.has(file) || pages > 0 ? set.sizeOf(file) : 0;
    if (sizeBytes !== pages * pageBytes)
      throw badImage(file, `it has ${sizeBytes} bytes, where its pagemap tells of ${pages * pageBytes}`);
  }
  return pagemaps;
}

/**
 * Checks the memory of all processes.
 *
 * @param parents - the sets that this one builds upon, the nearest first
 * @param pageBytes - the size of a page where the images were made
 * @throws TagalongError `bad-image`
 */
export function checkMemory(
  set: ImageSet,
  parents: readonly ImageSet[],
  files: FilesById,
  processes: readonly LiveProcess[],
  pageBytes: number,
): void {
  const chain = [set, ...parents];
  const [pagemaps = new Map<string, Pagemap>()] = chain.map((each, index) => {
    const found = checkPagemaps(each, pageBytes);
    for (const [file, pagemap] of found) checkInParents(file, pagemap, chain.slice(index + 1), pageBytes);
    return found;
  });
  for (const { pid } of processes) {
    const file = `mm-${pid}.img`;
    const memory = memoryOf(set.entry('mm', pid));
    if (!files.has(memory.executableId)) throw badImage(file, `there is no file ${memory.executableId} to execute`);
    const mapped = checkMappings(file, memory.mappings, files, pageBytes);
    const pagemapFile = `pagemap-${pid}.img`;
    const pagemap = pagemaps.get(pagemapFile);
    if (pagemap === undefined) throw badImage(pagemapFile, 'it is missing');
    const outside = outsider(stretchesOf(pagemap, pageBytes), mapped);
    if (outside !== undefined)
      throw badImage(pagemapFile, `the entry at ${addressText(outside.start)} is outside of all mappings`);
  }
}
