import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageSet } from '../imageSet.ts';
import { textOf } from '../text.ts';

/** What is known of a whole set. */
export interface InventorySummary {
  /** The version of the form of the images, not of CRIU. */
  imageVersion: number;
  /** Only a log beside the images tells it. */
  criuVersion: string | undefined;
  /** When the inventory was written, by the file system. */
  at: string;
  /** CRIU's own name for the dump. */
  runId: string | undefined;
}

/** CRIU says its version in one of its first lines. */
const logHeadBytes = 4096;

function versionInLog(directory: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(join(directory, 'dump.log'), 'r');
  } catch {
    return undefined;
  }
  try {
    const head = Buffer.alloc(logHeadBytes);
    const count = readSync(descriptor, head, 0, logHeadBytes, 0);
    return /Version: (\S+)/.exec(head.toString('utf8', 0, count))?.[1];
  } finally {
    closeSync(descriptor);
  }
}

/** @throws TagalongError `bad-image` */
export function summarizeInventory(set: ImageSet): InventorySummary {
  const { imgVersion, dumpCriuRunId } = set.entry('inventory');
  return {
    imageVersion: imgVersion,
    criuVersion: versionInLog(set.directory),
    at: statSync(join(set.directory, 'inventory.img')).mtime.toISOString(),
    runId: dumpCriuRunId === undefined ? undefined : textOf(dumpCriuRunId),
  };
}
