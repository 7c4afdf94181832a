import { createHash } from 'node:crypto';

/** The service writes a line at every message that this divides. */
export const messagesPerLine = 20;

/** What the service's journal must look like. */
export interface JournalDigest {
  lines: number;
  bytes: number;
  sha256: string;
}

/**
 * The journal that a service must have which received `received` messages since its start: the client works it out
 * by itself, so a file that was lost, cut or written twice shows.
 */
export function expectedJournal(received: number): JournalDigest {
  const lines = Math.floor(received / messagesPerLine);
  let text = '';
  for (let line = 1; line <= lines; line += 1) text += `${line} ${line * messagesPerLine}\n`;
  return { lines, bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') };
}
