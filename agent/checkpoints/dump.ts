import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../broker/connection.ts';
import { TagalongError } from '../../broker/contract/errors.ts';
import type { Freezer } from '../../host/freezer.ts';
import type { ContainerPlace } from '../containers/record.ts';
import { criuErrors, runcCheckpoint } from '../containers/runc.ts';
import { standStill } from '../containers/standStill.ts';
import { isStuckFreezer } from '../migration/stuckFreezer.ts';

const attempts = 3;

/**
 * Dumps a container that its freezer holds, whole. It stays frozen; where the freezer held a process back it is thawed and
 * frozen anew in between.
 *
 * @param directory - on a tmpfs: gets `images` and, with the log of CRIU, `work`
 * @throws TagalongError `checkpoint-failed` with the errors of CRIU
 */
export async function dumpFrozen(
  what: {
    container: string;
    place: Pick<ContainerPlace, 'logWriterFile'>;
    node: string;
    directory: string;
    freezer: Freezer;
    log: Log;
  },
  signal: AbortSignal,
): Promise<void> {
  const { container, place, node, freezer, log } = what;
  const [images, work] = [join(what.directory, 'images'), join(what.directory, 'work')];
  for (let attempt = 1; ; attempt += 1) {
    await Promise.all([images, work].map((path) => rm(path, { recursive: true, force: true })));
    try {
      await runcCheckpoint(container, images, work, signal);
      return;
    } catch (error) {
      signal.throwIfAborted();
      const said = await criuErrors(join(work, 'dump.log'));
      const problem = said || (error instanceof Error ? error.message : String(error));
      const failure = new TagalongError('checkpoint-failed', { container, node, problem }, error);
      if (attempt === attempts || !isStuckFreezer(failure)) throw failure;
      log.warn({ err: failure, container }, 'the freezer held a process back; once more');
      await freezer.thaw();
      await standStill(freezer, place);
    }
  }
}
