import { badImage } from './badImage.ts';
import type { MessageOf } from './codec/fields.ts';
import { messageCodec } from './codec/messageCodec.ts';
import { entryAt } from './framing.ts';
import type { ipcMsgEntry, ipcSemEntry, ipcShmEntry } from './messages/ipcNamespace.ts';
import { ipcMsg } from './messages/ipcNamespace.ts';
import { ghostChunkEntry, type ghostFileEntry } from './messages/regularFiles.ts';

// what follows an entry in its image; sources are the functions of CRIU named at each

const wordBytes = 8;
const chunk = messageCodec(ghostChunkEntry);
const message = messageCodec(ipcMsg);

function roundUp(bytes: number): number {
  return Math.ceil(bytes / wordBytes) * wordBytes;
}

/** A deleted file: its bytes to the end, or chunks, each with a message of its own (`copy_file_to_chunks`). */
export function ghostEnd(entry: MessageOf<typeof ghostFileEntry>, bytes: Buffer, start: number, file: string): number {
  if (entry.chunks !== true) return bytes.length;
  let at = start;
  while (at < bytes.length) {
    const extent = entryAt(bytes, at, file);
    at = extent.end + Number(chunk.decode(bytes.subarray(extent.start, extent.end), file).len);
    if (at > bytes.length) throw badImage(file, `a chunk of the file ends at byte ${at} of ${bytes.length}`);
  }
  return at;
}

/** The semaphores of a set, of two bytes each (`dump_ipc_sem_set`). */
export function semaphoresEnd(entry: MessageOf<typeof ipcSemEntry>, _bytes: Buffer, start: number): number {
  return start + roundUp(entry.nsems * 2);
}

/** The messages of a queue, each behind a message of its own (`dump_ipc_msg_queue_messages`). */
export function queueEnd(entry: MessageOf<typeof ipcMsgEntry>, bytes: Buffer, start: number, file: string): number {
  let at = start;
  for (let count = 0; count < entry.qnum; count++) {
    const extent = entryAt(bytes, at, file);
    at = extent.end + roundUp(message.decode(bytes.subarray(extent.start, extent.end), file).msize);
  }
  return at;
}

/** Shared memory: today in images of its own, before CRIU 3.15 here (`prepare_ipc_shm_pages`). */
export function sharedMemoryEnd(entry: MessageOf<typeof ipcShmEntry>, _bytes: Buffer, start: number): number {
  return entry.inPagemaps === true ? start : start + Math.ceil(Number(entry.size) / 4) * 4;
}
