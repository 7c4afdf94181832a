import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';

/** A directory that goes with its test. */
export function temporary(t: Pick<ExecutionContext, 'teardown'>): string {
  const path = mkdtempSync(join(tmpdir(), 'tagalong-memory-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
