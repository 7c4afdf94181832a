import { fileTypes } from '../checkFiles.ts';
import type { MessageOf } from '../codec/fields.ts';
import type { fileEntry } from '../messages/files.ts';
import { textOf } from '../text.ts';
import { socketOf } from './sockets.ts';

/** What an open file is called by people: its path, or what it is, e.g. `pipe 4022`. */
export function fileName(file: MessageOf<typeof fileEntry>): string {
  const { type, reg, pipe, fifo, memfd, tty } = file;
  if (reg !== undefined) return textOf(reg.name);
  if (pipe !== undefined) return `pipe ${pipe.pipeId}`;
  if (fifo !== undefined) return `FIFO ${fifo.pipeId}`;
  if (memfd !== undefined) return `memfd ${memfd.inodeId}`;
  if (tty !== undefined) return `terminal ${tty.ttyInfoId}`;
  const socket = socketOf(file);
  if (socket === undefined) return fileTypes[type] ?? `file of type ${type}`;
  const way = [socket.local, socket.remote].filter((end) => end !== undefined).join(' -> ');
  return [socket.family, socket.type, way].filter(Boolean).join(' ');
}
